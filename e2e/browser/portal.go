package browser

import "fmt"

// SignIn fills in the portal's sign-in page, which is open, as user admin.
func (p *Page) SignIn(password string) {
	p.t.Helper()
	p.Fill("sign-in-user", "admin")
	p.Fill("sign-in-password", password)
	p.Click("sign-in-submit")
	p.AwaitGone("sign-in-submit")
}

// AwaitLive waits until a page of the portal says that what it shows is of now, or that it is not.
func (p *Page) AwaitLive(live bool) {
	p.t.Helper()
	p.AwaitThat(fmt.Sprintf("the stream to be live: %t", live), patience,
		fmt.Sprintf(`document.querySelector('[data-testid="stream-status"]')?.dataset.live === "%t"`, live))
}
