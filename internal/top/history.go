package top

// historySize is how many seconds of each function are kept for the graphs.
const historySize = 300

// Point is what the graphs show of one second.
type Point struct {
	Rate           Measure
	Desired, Ready int
}

// History keeps the last samples of each function.
type History map[string][]Point

// Add appends a point for each row and forgets functions that are gone.
func (h History) Add(rows []Row) {
	there := make(map[string]bool, len(rows))
	for _, r := range rows {
		there[r.Name] = true
		points := append(h[r.Name], Point{Rate: r.Rate, Desired: r.Desired, Ready: r.Ready})
		h[r.Name] = points[max(0, len(points)-historySize):]
	}
	for name := range h {
		if !there[name] {
			delete(h, name)
		}
	}
}
