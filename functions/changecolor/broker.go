package main

import (
	"cmp"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
	_ "golang.org/x/crypto/x509roots/fallback" // for the image, which has no certificates
)

// noSubscribers is what a broker of MQTT 5 adds to the acknowledgement of a message that nobody gets.
const noSubscribers = 0x10

// errNobody is a message that the broker took and nobody gets.
var errNobody = errors.New("nobody has subscribed to the topic")

// broker is where lights listen.
type broker struct {
	address        string // as it is said in errors
	host           string // with the port
	secure         bool   // TLS
	topic          string
	user, password string // both or none
}

func brokerOf(env func(string) string) (broker, error) {
	b := broker{address: cmp.Or(env("mqtt_broker"), "tcp://127.0.0.1:1883"), topic: cmp.Or(env("mqtt_topic"), "led/color"), user: env("mqtt_user")}
	u, err := url.Parse(b.address)
	if err != nil || u.Hostname() == "" || u.User != nil {
		return b, errors.New("mqtt_broker: write it as tcp://127.0.0.1:1883, and the user in mqtt_user")
	}
	port := "1883"
	switch u.Scheme {
	case "tcp", "mqtt":
	case "tls", "ssl", "mqtts":
		b.secure, port = true, "8883"
	default:
		return b, fmt.Errorf("mqtt_broker %q: write it as tcp://127.0.0.1:1883, or tls://broker.example.com", b.address)
	}
	b.host = net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port))
	if strings.ContainsAny(b.topic, "+#\x00") {
		return b, fmt.Errorf("mqtt_topic %q: one topic is published to, without + and #", b.topic)
	}
	if b.user == "" {
		return b, nil
	}
	file := cmp.Or(env("mqtt_password_file"), filepath.Join(cmp.Or(env("secret_mount_path"), "/var/openfaas/secrets"), "mqtt-password"))
	password, err := os.ReadFile(file)
	if err != nil {
		return b, fmt.Errorf("read the password of mqtt_user, the secret mqtt-password: %w", err)
	}
	b.password = strings.TrimRight(string(password), "\r\n")
	return b, nil
}

// publish sends a colour, and returns once the broker says that it has it (QoS 1).
func (b broker) publish(ctx context.Context, c rgb) error {
	payload, err := json.Marshal(c)
	if err != nil {
		return fmt.Errorf("write the message: %w", err)
	}
	conn, err := b.dial(ctx)
	if err != nil {
		return fmt.Errorf("cannot reach %s: %w", b.address, err)
	}
	client := paho.NewClient(paho.ClientConfig{Conn: packets.NewThreadSafeConn(conn), PacketTimeout: patience})
	hello := &paho.Connect{CleanStart: true, KeepAlive: 30}
	if b.user != "" {
		hello.UsernameFlag, hello.Username, hello.PasswordFlag, hello.Password = true, b.user, true, []byte(b.password)
	}
	if answer, err := client.Connect(ctx, hello); err != nil { // it has closed conn
		if answer != nil && answer.ReasonCode != 0 {
			return fmt.Errorf("%s refuses: %s", b.address, (&packets.Connack{ReasonCode: answer.ReasonCode}).Reason())
		}
		return fmt.Errorf("%s does not speak MQTT 5: %w", b.address, err)
	}
	defer func() { _ = client.Disconnect(&paho.Disconnect{}) }() // what matters is acknowledged
	answer, err := client.Publish(ctx, &paho.Publish{Topic: b.topic, QoS: 1, Payload: payload})
	if err != nil {
		return fmt.Errorf("publish to %s at %s: %w", b.topic, b.address, err)
	}
	if answer.ReasonCode == noSubscribers {
		return fmt.Errorf("publish to %s at %s: %w", b.topic, b.address, errNobody)
	}
	return nil
}

func (b broker) dial(ctx context.Context) (net.Conn, error) {
	if b.secure {
		return (&tls.Dialer{}).DialContext(ctx, "tcp", b.host)
	}
	return (&net.Dialer{}).DialContext(ctx, "tcp", b.host)
}
