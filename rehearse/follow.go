package rehearse

func (w *world) follow(p Policy) {}
