package main

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

// mosquitto starts a broker of the test's own, and returns its address. config is added to its configuration.
func mosquitto(t *testing.T, config string) string {
	t.Helper()
	program := findMosquitto(t)
	for {
		address, log := startMosquitto(t, program, config)
		if log == "" {
			return address
		}
		if !strings.Contains(log, "Address already in use") { // somebody was given the same port
			t.Fatalf("mosquitto ended:\n%s", log)
		}
	}
}

func findMosquitto(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		if program, err = exec.LookPath("/usr/sbin/mosquitto"); err != nil { // not on everyone's PATH
			t.Fatal("there is no mosquitto: run tools/mosquitto.sh")
		}
	}
	return program
}

// startMosquitto returns the address of a broker that runs, or else what one said that does not.
func startMosquitto(t *testing.T, program, config string) (address, log string) {
	t.Helper()
	socket, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address = socket.Addr().String()
	if err := socket.Close(); err != nil { // mosquitto takes no open socket, and cannot say which port it chose
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(address)
	file := filepath.Join(t.TempDir(), "mosquitto.conf")
	config = "listener " + port + " 127.0.0.1\nlog_dest stderr\nlog_type all\nconnection_messages true\n" + config
	if os.Getuid() == 0 { // it would change to another user, who cannot read the test's files
		config += "user root\n"
	}
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), program, "-c", file)
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	running, ended := make(chan string, 1), make(chan struct{})
	go func() {
		defer close(ended)
		var log strings.Builder
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			_, _ = fmt.Fprintln(&log, lines.Text())
			if strings.HasSuffix(lines.Text(), " running") {
				running <- ""
			}
		}
		select {
		case running <- log.String():
		default:
		}
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it holds nothing that is kept
		<-ended
		_ = cmd.Wait() // killed, as said
	})
	return address, <-running
}

// subscribe returns the messages that a broker sends on to those who want all.
func subscribe(t *testing.T, address, user, password string) <-chan *paho.Publish {
	t.Helper()
	conn, err := (&net.Dialer{}).DialContext(t.Context(), "tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan *paho.Publish, 10)
	client := paho.NewClient(paho.ClientConfig{
		Conn: packets.NewThreadSafeConn(conn),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			got <- p.Packet
			return true, nil
		}},
	})
	hello := &paho.Connect{CleanStart: true, KeepAlive: 30}
	if user != "" {
		hello.UsernameFlag, hello.Username, hello.PasswordFlag, hello.Password = true, user, true, []byte(password)
	}
	if _, err := client.Connect(t.Context(), hello); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = client.Disconnect(&paho.Disconnect{}) // the broker may be gone
		<-client.Done()
	})
	if _, err := client.Subscribe(context.WithoutCancel(t.Context()), &paho.Subscribe{
		Subscriptions: []paho.SubscribeOptions{{Topic: "#", QoS: 2}},
	}); err != nil {
		t.Fatal(err)
	}
	return got
}
