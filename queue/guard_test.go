package queue

import (
	"context"
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

func testGuard(t *testing.T, o CallbackOptions, allow, deny string) *guard {
	t.Helper()
	config := DefaultConfig()
	config.CallbackAllow, config.CallbackDeny = allow, deny
	c, err := newCallbacks(Options{Gateway: "http://127.0.0.1:8080", Callbacks: o, Config: config}, newMetrics(nil))
	if err != nil {
		t.Fatal(err)
	}
	c.guard.interfaces = func() ([]netip.Prefix, error) {
		return []netip.Prefix{netip.MustParsePrefix("127.0.0.1/8"), netip.MustParsePrefix("10.0.1.5/24"), netip.MustParsePrefix("10.0.2.5/24")}, nil
	}
	return c.guard
}

// TestGuard judges hosts as a connection does: the host, and then its address.
func TestGuard(t *testing.T) {
	local := CallbackOptions{Loopback: true, OwnPorts: []uint16{9093}}
	for _, test := range []struct {
		name        string
		o           CallbackOptions
		allow, deny string
		host, addr  string
		port        uint16
		want        string // "": allowed
	}{
		{"a host in the world", CallbackOptions{}, "", "", "example.com", "93.184.216.34", 443, ""},
		{"a private one", CallbackOptions{}, "", "", "hooks.corp", "10.9.9.9", 80, ""},
		{"link-local", CallbackOptions{}, "", "", "x", "169.254.1.1", 80, "link-local"},
		{"link-local of IPv6", CallbackOptions{}, "", "", "x", "fe80::1%eth0", 80, "link-local"},
		{"mapped link-local", CallbackOptions{}, "", "", "x", "::ffff:169.254.169.254", 80, "link-local"},
		{"link-local by 6to4", CallbackOptions{}, "", "", "x", "2002:a9fe:a9fe::1", 80, "link-local"},
		{"Amazon's metadata", CallbackOptions{}, "", "", "x", "fd00:ec2::254", 80, "metadata"},
		{"Alibaba's metadata", CallbackOptions{}, "", "", "x", "100.100.100.200", 80, "metadata"},
		{"Google's metadata", CallbackOptions{}, "", "", "x", "fd20:ce::254", 80, "metadata"},
		{"Oracle's metadata", CallbackOptions{}, "", "", "x", "fd00:c1::a9fe:a9fe", 80, "metadata"},
		{"Scaleway's metadata", CallbackOptions{}, "", "", "x", "fd00:42::42", 80, "metadata"},
		{"metadata by a NAT64 of one's own", CallbackOptions{}, "", "", "x", "64:ff9b:1::a9fe:a9fe", 80, "metadata"},
		{"metadata by name", CallbackOptions{}, "", "", "Metadata.Google.Internal.", "10.1.1.1", 80, "metadata"},
		{"unspecified", local, "", "", "x", "::", 80, "link-local"},
		{"multicast", CallbackOptions{}, "", "", "x", "239.1.1.1", 80, "none of a host"},
		{"broadcast", CallbackOptions{}, "", "", "x", "255.255.255.255", 80, "none of a host"},
		{"this machine", CallbackOptions{}, "", "", "x", "127.0.0.2", 80, "own machine"},
		{"this machine by name", CallbackOptions{}, "", "", "localhost", "127.0.0.1", 80, "own machine"},
		{"this machine below its name", CallbackOptions{}, "", "", "a.LocalHost", "127.0.0.1", 80, "own machine"},
		{"this machine where it is allowed", local, "", "", "localhost", "127.0.0.1", 80, ""},
		{"Alertmanager on this machine", local, "", "", "localhost", "127.0.0.1", 9093, "port of faas"},
		{"Alertmanager by another address", local, "", "", "x", "10.0.1.5", 9093, "port of faas"},
		{"that port elsewhere", local, "", "", "x", "10.0.1.6", 9093, ""},
		{"denied by name", CallbackOptions{}, "", "evil.com", "EVIL.com.", "1.1.1.1", 80, "callback_deny"},
		{"denied below a name", CallbackOptions{}, "", "*.evil.com", "a.b.evil.com", "1.1.1.1", 80, "callback_deny"},
		{"that name itself", CallbackOptions{}, "", "*.evil.com", "evil.com", "1.1.1.1", 80, ""},
		{"denied by network", CallbackOptions{}, "", "10.0.0.0/8", "x", "::ffff:10.1.1.1", 80, "callback_deny"},
		{"denied and allowed", CallbackOptions{}, "10.0.0.0/8", "10.1.0.0/16", "x", "10.1.1.1", 80, "callback_deny"},
		{"allowed by name", CallbackOptions{}, "*.corp", "", "hooks.corp", "10.1.1.1", 80, ""},
		{"allowed by name, resolved to metadata", CallbackOptions{}, "*.corp", "", "hooks.corp", "169.254.169.254", 80, "link-local"},
		{"not among the allowed names", CallbackOptions{}, "*.corp", "", "example.com", "1.1.1.1", 80, "callback_allow"},
		{"an address, where names are allowed", CallbackOptions{}, "*.corp", "", "1.1.1.1", "1.1.1.1", 80, "callback_allow"},
		{"allowed by network", CallbackOptions{}, "10.0.0.0/8", "", "x", "10.1.1.1", 80, ""},
		{"outside of the allowed network", CallbackOptions{}, "10.0.0.0/8", "", "x", "11.1.1.1", 80, "callback_allow"},
		{"what is built in, allowed by network", CallbackOptions{}, "169.254.0.0/16,::1", "", "169.254.1.1", "169.254.1.1", 80, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			g := testGuard(t, test.o, test.allow, test.deny)
			err := g.host(test.host)
			if err == nil {
				err = g.addr(test.host, netip.MustParseAddr(test.addr), test.port)
			}
			_, refused := errors.AsType[*refusedError](err)
			switch {
			case test.want == "" && err != nil:
				t.Errorf("refused: %v", err)
			case test.want != "" && (!refused || !strings.Contains(err.Error(), test.want)):
				t.Errorf("%v, want it refused with %q", err, test.want)
			}
		})
	}
}

// TestControlNetwork keeps callbacks off the networks of the control plane, also once their names are gone.
func TestControlNetwork(t *testing.T) {
	there := true
	g := testGuard(t, CallbackOptions{Control: []string{"_gateway"}, Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
		if host == "_gateway" && there {
			return []netip.Addr{netip.MustParseAddr("10.0.2.77")}, nil
		}
		return nil, errors.New("no such host")
	}}, "10.0.2.9", "")
	g.allow.names = []string{"*"}
	g.controlled(func() (netip.Addr, bool) { return netip.MustParseAddr("192.0.2.10"), true })
	for range 2 {
		for addr, refused := range map[string]bool{
			"10.0.2.6": true, "10.0.2.77": true, "10.0.2.9": false, "10.0.1.6": false, "192.0.2.10": true, "192.0.2.11": false,
		} {
			if err := g.fence(t.Context(), netip.MustParseAddr(addr)); (err != nil) != refused {
				t.Errorf("%s: %v, want refused %t", addr, err, refused)
			}
		}
		there = false
		g.controlled(nil)
	}
}

// TestRouter keeps callbacks off the router, which in a container is the machine itself.
func TestRouter(t *testing.T) {
	routers := parseRoutes([]byte("Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT\n" +
		"eth1\t00000000\t010013AC\t0003\t0\t0\t0\t00000000\t0\t0\t0\n" +
		"eth0\t0001000A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0\n" +
		"eth0\tshort\neth0\t00000000\tnonsense\t0003\t0\t0\t0\t00000000\n"))
	want := []netip.Addr{netip.MustParseAddr("172.19.0.1")}
	if !slices.Equal(routers, want) {
		t.Fatalf("routers %v, want %v", routers, want)
	}
	for _, test := range []struct {
		o       CallbackOptions
		allow   string
		refused bool
	}{{CallbackOptions{}, "", true}, {CallbackOptions{}, "172.19.0.1", false}, {CallbackOptions{Loopback: true}, "", false}} {
		g := testGuard(t, test.o, test.allow, "")
		g.routers = func() []netip.Addr { return routers }
		if err := g.fence(t.Context(), want[0]); (err != nil) != test.refused {
			t.Errorf("%+v: %v", test, err)
		}
	}
}

// TestOtherNames are those by which a gateway can be reached beside its own.
func TestOtherNames(t *testing.T) {
	g := testGuard(t, CallbackOptions{OwnPorts: []uint16{8080}, Lookup: func(_ context.Context, host string) ([]netip.Addr, error) {
		switch host {
		case "gateway":
			return []netip.Addr{netip.MustParseAddr("10.0.3.2")}, nil
		case "tasks.gateway":
			return []netip.Addr{netip.MustParseAddr("::ffff:10.0.3.3"), netip.MustParseAddr("10.0.3.4")}, nil
		}
		return nil, errors.New("no such host")
	}}, "", "")
	for at, refused := range map[string]bool{
		"10.0.3.2:8080": true, "10.0.3.3:8080": true, "10.0.3.4:8080": true, "10.0.3.4:80": false, "10.0.3.5:8080": false,
	} {
		if err := g.gateway(t.Context(), netip.MustParseAddrPort(at)); (err != nil) != refused {
			t.Errorf("%s: %v, want refused %t", at, err, refused)
		}
	}
}

// TestDeniedGateway keeps callbacks off the gateway too.
func TestDeniedGateway(t *testing.T) {
	for _, deny := range []string{"gateway,127.0.0.1", "*,127.0.0.0/8"} {
		c, err := newCallbacks(Options{
			Gateway: "http://127.0.0.1:8080", Callbacks: CallbackOptions{Loopback: true}, Config: Config{CallbackDeny: deny},
		}, newMetrics(nil))
		if err != nil {
			t.Fatal(err)
		}
		for _, url := range []string{"http://gateway:8080/function/x", "http://127.0.0.1:8080/function/x"} {
			if err := c.check(url); err == nil {
				t.Errorf("%s is allowed though %s is denied", url, deny)
			}
		}
	}
}

func TestCheck(t *testing.T) {
	c, err := newCallbacks(Options{Gateway: "http://127.0.0.1:8080", Callbacks: CallbackOptions{Loopback: true}}, newMetrics(nil))
	if err != nil {
		t.Fatal(err)
	}
	for url, ok := range map[string]bool{
		"http://example.com":                              true,
		"https://user:password@example.com:8443/a?b#c":    true,
		"http://[2001:db8::1]/":                           true,
		"http://127.0.0.1:8080/function/x":                true,
		"http://localhost:8080/system/functions":          false,
		"http://127.0.0.1:9999/system/functions":          true,
		"http://gateway:8080/async-function/x":            true,
		"http://gateway/function/../system/functions":     true, // the gateway reads it as a function's path
		"https://gateway:8080/system/functions":           true, // another host: it has no TLS
		"":                                                false,
		"/relative":                                       false,
		"//example.com/":                                  false,
		"ftp://example.com":                               false,
		"http:example.com":                                false,
		"http://":                                         false,
		"http://:80/":                                     false,
		"http://169.254.169.254/latest/meta-data":         false,
		"http://[fe80::1]/":                               false,
		"http://[::ffff:169.254.169.254]/":                false,
		"http://metadata.google.internal/":                false,
		"http://0.0.0.0/":                                 false,
		"http://exa mple.com/":                            false,
		"http://example.com/\n":                           false,
		"http://example.com/" + strings.Repeat("a", 2048): false,
	} {
		if err := c.check(url); (err == nil) != ok {
			t.Errorf("%.80q: %v, want allowed %t", url, err, ok)
		}
	}
}

func FuzzPatterns(f *testing.F) {
	f.Add("10.0.0.0/8, *.example.com,::1")
	f.Add(".,::")
	f.Fuzz(func(t *testing.T, list string) {
		p, err := parsePatterns(list)
		if err != nil {
			return
		}
		for _, n := range p.names {
			if n == "" || strings.ContainsAny(n, "/: ") {
				t.Errorf("%q gave the name %q", list, n)
			}
		}
	})
}
