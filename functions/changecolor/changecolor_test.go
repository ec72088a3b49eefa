package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestColour(t *testing.T) {
	for name, want := range map[string]rgb{
		"red": {255, 0, 0}, "Light Blue": {173, 216, 230}, "light-blue": {173, 216, 230}, "grey": {128, 128, 128}, "gray": {128, 128, 128},
		"dark slate grey": {47, 79, 79}, "TEAL": {0, 128, 128},
	} {
		if got, ok := colour(name); !ok || got != want {
			t.Errorf("%s is %v, %v; want %v", name, got, ok, want)
		}
	}
	for _, name := range []string{"", "mauve", "ff0000", "#"} {
		if got, ok := colour(name); ok {
			t.Errorf("%q is %v", name, got)
		}
	}
}

// asked is what became of one request.
func asked(t *testing.T, body []byte, env map[string]string) (text, log string) {
	t.Helper()
	var out, stderr strings.Builder
	code := skill(func(key string) string { return env[key] }).Serve(t.Context(), bytes.NewReader(body), &out, &stderr)
	text, whole := strings.CutPrefix(out.String(), `{"version":"1.0","response":{"outputSpeech":{"type":"PlainText","text":"`)
	text, ended := strings.CutSuffix(text, `"},"shouldEndSession":true}}`+"\n")
	if code != 0 || !whole || !ended {
		t.Fatalf("code %d, %s", code, &out)
	}
	return text, stderr.String()
}

// intent is a request for a colour in a slot.
func intent(name, slot, value string) []byte {
	return fmt.Appendf(nil, `{"request":{"type":"IntentRequest","intent":{"name":%q,"slots":{%q:{"name":%[2]q,"value":%q}}}}}`, name, slot, value)
}

// TestBrokerGetsTheColour asks for colours at a real broker, and listens as the light would.
func TestBrokerGetsTheColour(t *testing.T) {
	address := mosquitto(t, "allow_anonymous true\n")
	got := subscribe(t, address, "", "")
	request, err := os.ReadFile("request.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, topic   string
		request       []byte
		text, payload string
	}{
		{"the example", "", request, "The light is teal now.", `{"r":0,"g":128,"b":128}`},
		{"British", "", intent("ChangeColourIntent", "ledColour", "grey"), "The light is grey now.", `{"r":128,"g":128,"b":128}`},
		{"a slot without led", "", intent("ChangeColorIntent", "color", "light blue"), "The light is light blue now.", `{"r":173,"g":216,"b":230}`},
		{"another topic", "house/lamp", intent("ChangeColorIntent", "LedColor", "black"), "The light is black now.", `{"r":0,"g":0,"b":0}`},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, log := asked(t, c.request, map[string]string{"mqtt_broker": "tcp://" + address, "mqtt_topic": c.topic})
			if text != c.text || log != "" {
				t.Fatalf("says %q, log %q", text, log)
			}
			topic := "led/color"
			if c.topic != "" {
				topic = c.topic
			}
			if m := <-got; string(m.Payload) != c.payload || m.QoS != 1 || m.Topic != topic || m.Retain {
				t.Errorf("the light got %s at %s, QoS %d, retained %v", m.Payload, m.Topic, m.QoS, m.Retain)
			}
		})
	}
}

func TestNobodyListens(t *testing.T) {
	address := mosquitto(t, "allow_anonymous true\n")
	text, log := asked(t, intent("ChangeColorIntent", "LedColor", "red"), map[string]string{"mqtt_broker": "mqtt://" + address})
	want := "changecolor: publish to led/color at mqtt://" + address + ": nobody has subscribed to the topic\n"
	if text != "I told the light, but no light listens." || log != want {
		t.Errorf("says %q, log %q", text, log)
	}
}

// TestUserAndPassword checks that a broker that wants them gets them, and that its refusals are told.
func TestUserAndPassword(t *testing.T) {
	dir := t.TempDir()
	users, rights := filepath.Join(dir, "users"), filepath.Join(dir, "rights")
	write := func(file, text string) {
		t.Helper()
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(users, "alexa:sesame\nlight:bulb\n")
	if out, err := exec.CommandContext(t.Context(), "mosquitto_passwd", "-U", users).CombinedOutput(); err != nil {
		t.Fatalf("mosquitto_passwd: %v: %s", err, out)
	}
	write(rights, "user alexa\ntopic write led/color\nuser light\ntopic read #\n")
	address := mosquitto(t, "allow_anonymous false\npassword_file "+users+"\nacl_file "+rights+"\n")
	got := subscribe(t, address, "light", "bulb")
	red := intent("ChangeColorIntent", "LedColor", "red")
	env := map[string]string{"mqtt_broker": "tcp://" + address, "mqtt_user": "alexa", "secret_mount_path": dir}

	text, log := asked(t, red, env)
	if text != "The light is not set up rightly." || !strings.Contains(log, "the secret mqtt-password") {
		t.Errorf("without the secret: says %q, log %q", text, log)
	}
	write(filepath.Join(dir, "mqtt-password"), "sesame\n")
	if text, log = asked(t, red, env); text != "The light is red now." || log != "" {
		t.Errorf("says %q, log %q", text, log)
	}
	if m := <-got; string(m.Payload) != `{"r":255,"g":0,"b":0}` {
		t.Errorf("the light got %s", m.Payload)
	}
	env["mqtt_topic"] = "led/other"
	if text, log = asked(t, red, env); text != "Sorry, I cannot reach the light." || !strings.Contains(log, "not authorized") {
		t.Errorf("at another topic: says %q, log %q", text, log)
	}
	write(filepath.Join(dir, "wrong"), "open")
	env["mqtt_password_file"] = filepath.Join(dir, "wrong")
	if text, log = asked(t, red, env); text != "Sorry, I cannot reach the light." || !strings.Contains(log, "refuses: ") || strings.Contains(log, "open") {
		t.Errorf("with another password: says %q, log %q", text, log)
	}
}

func TestWithoutABroker(t *testing.T) {
	silent, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	go func() {
		for {
			conn, err := silent.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("HTTP/1.1 400 Bad Request\r\n\r\n")) // what it makes of that is the test
			_ = conn.Close()                                              // as above
		}
	}()
	const known = " Say one that web pages have, such as red, teal or light blue."
	for _, c := range []struct {
		name  string
		color string
		env   map[string]string
		text  string
		log   string
	}{
		{
			"away", "red",
			map[string]string{"mqtt_broker": "tcp://127.0.0.1:1"},
			"Sorry, I cannot reach the light.",
			"changecolor: cannot reach tcp://127.0.0.1:1: dial tcp 127.0.0.1:1: connect: connection refused\n",
		},
		{"another protocol", "red", map[string]string{"mqtt_broker": "tcp://" + silent.Addr().String()}, "Sorry, I cannot reach the light.", "does not speak MQTT 5"},
		{"bad address", "red", map[string]string{"mqtt_broker": "127.0.0.1:1883"}, "The light is not set up rightly.", "mqtt_broker"},
		{"bad scheme", "red", map[string]string{"mqtt_broker": "http://127.0.0.1"}, "The light is not set up rightly.", "write it as tcp://127.0.0.1:1883"},
		{"a password in the address", "red", map[string]string{"mqtt_broker": "tcp://a:" + "sesame@h"}, "The light is not set up rightly.", "the user in mqtt_user"},
		{"bad topic", "red", map[string]string{"mqtt_topic": "led/#"}, "The light is not set up rightly.", "without + and #"},
		{"unknown colour", "mauve", nil, "I do not know the colour mauve." + known, ""},
		{"no colour", "", nil, "I did not hear a colour." + known, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			text, log := asked(t, intent("ChangeColorIntent", "LedColor", c.color), c.env)
			if text != c.text || !strings.Contains(log, c.log) || (c.log == "") != (log == "") || strings.Contains(log, "sesame") {
				t.Errorf("says %q, log %q", text, log)
			}
		})
	}
}

// TestAddresses checks how the address of a broker can be written.
func TestAddresses(t *testing.T) {
	for address, want := range map[string]broker{
		"":                             {host: "127.0.0.1:1883"},
		"mqtt://h":                     {host: "h:1883"},
		"tls://h":                      {host: "h:8883", secure: true},
		"mqtts://broker.example.com:1": {host: "broker.example.com:1", secure: true},
	} {
		b, err := brokerOf(func(key string) string { return map[string]string{"mqtt_broker": address}[key] })
		if err != nil || b.host != want.host || b.secure != want.secure || b.topic != "led/color" {
			t.Errorf("%s: %+v, %v", address, b, err)
		}
	}
}
