package samples

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/eclipse/paho.golang/packets"
	"github.com/eclipse/paho.golang/paho"
)

// Outside stands in place of what the samples ask outside: Docker Hub, the page of the Docker Captains, and a broker of MQTT with a
// light that listens.
type Outside struct {
	// Messages are those that the light is told.
	Messages <-chan string

	web    *http.Server
	addr   string // of web
	broker string // its address
	stop   context.CancelFunc
	ended  chan error
	light  *paho.Client
}

// StartOutside starts it on a host's address that functions reach, and keeps what it must write in dir. root is that of the repository.
func StartOutside(ctx context.Context, root, host, dir string) (*Outside, error) {
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return nil, err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v2/namespaces/library/repositories", func(w http.ResponseWriter, _ *http.Request) {
		_, _ = io.WriteString(w, `{"count":2,"next":null,"results":[{"pull_count":1000000000},{"pull_count":234}]}`) // who left is no news
	})
	mux.HandleFunc("GET /captains/", func(w http.ResponseWriter, r *http.Request) {
		http.ServeFile(w, r, filepath.Join(root, "functions/captains/testdata/captains.html"))
	})
	o := &Outside{web: &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}, addr: listener.Addr().String()}
	go func() { _ = o.web.Serve(listener) }() // until Close
	if err := o.startBroker(ctx, host, dir); err != nil {
		return nil, errors.Join(err, o.web.Close())
	}
	if err := o.listen(ctx); err != nil {
		return nil, errors.Join(err, o.Close())
	}
	return o, nil
}

// Env are the variables by which functions/stack.yml and docker-compose.yml are told of it.
func (o *Outside) Env() map[string]string {
	return map[string]string{
		"HUB_URL": "http://" + o.addr + "/v2", "CAPTAINS_URL": "http://" + o.addr + "/captains/", "MQTT_BROKER": "tcp://" + o.broker,
	}
}

// Close ends it.
func (o *Outside) Close() error {
	if o.light != nil {
		_ = o.light.Disconnect(&paho.Disconnect{}) // the broker ends now
		<-o.light.Done()
	}
	o.stop()
	<-o.ended
	return o.web.Close()
}

// startBroker starts Mosquitto on a free port. It takes no open socket and cannot choose one, so that the port may be somebody else's
// when it starts: then another is tried.
func (o *Outside) startBroker(ctx context.Context, host, dir string) error {
	program, err := exec.LookPath("mosquitto")
	if err != nil {
		program = "/usr/sbin/mosquitto" // which is not on everyone's PATH
	}
	for {
		log, err := o.tryBroker(ctx, program, host, filepath.Join(dir, "mosquitto.conf"))
		switch {
		case errors.Is(err, os.ErrNotExist):
			return fmt.Errorf("%w: tools/mosquitto.sh installs it", err)
		case err != nil && strings.Contains(log, "Address already in use"):
		case err != nil:
			return fmt.Errorf("start mosquitto: %w: %s", err, log)
		default:
			return nil
		}
	}
}

func (o *Outside) tryBroker(ctx context.Context, program, host, file string) (log string, err error) {
	free, err := (&net.ListenConfig{}).Listen(ctx, "tcp", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", err
	}
	o.broker = free.Addr().String()
	if err := free.Close(); err != nil {
		return "", err
	}
	_, port, _ := net.SplitHostPort(o.broker) // it has one
	config := "listener " + port + " " + host + "\nallow_anonymous true\nlog_dest stderr\nlog_type all\n"
	if os.Getuid() == 0 { // it would change to a user who cannot read the file
		config += "user root\n"
	}
	if err := os.WriteFile(file, []byte(config), 0o600); err != nil {
		return "", err
	}
	running, stop := context.WithCancel(context.WithoutCancel(ctx)) // until Close
	cmd := exec.CommandContext(running, program, "-c", file)
	stderr, err := cmd.StderrPipe()
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		stop()
		return "", err
	}
	said, ended := make(chan string, 2), make(chan error, 1)
	go func() {
		var log strings.Builder
		for lines := bufio.NewScanner(stderr); lines.Scan(); {
			log.WriteString(lines.Text() + "\n")
			if strings.HasSuffix(lines.Text(), " running") { // once
				said <- ""
			}
		}
		ended <- cmd.Wait()
		said <- log.String() // nobody asks when it ran
	}()
	if log = <-said; log != "" {
		stop()
		return log, <-ended
	}
	o.stop, o.ended = stop, ended
	return "", nil
}

// listen is the light: it subscribes to all that the broker has.
func (o *Outside) listen(ctx context.Context) error {
	conn, err := (&net.Dialer{}).DialContext(ctx, "tcp", o.broker)
	if err != nil {
		return err
	}
	messages := make(chan string, 10)
	o.Messages = messages
	o.light = paho.NewClient(paho.ClientConfig{
		Conn: packets.NewThreadSafeConn(conn),
		OnPublishReceived: []func(paho.PublishReceived) (bool, error){func(p paho.PublishReceived) (bool, error) {
			messages <- string(p.Packet.Payload)
			return true, nil
		}},
	})
	if _, err := o.light.Connect(context.WithoutCancel(ctx), &paho.Connect{CleanStart: true, KeepAlive: 30}); err != nil {
		o.light = nil
		return fmt.Errorf("connect to mosquitto: %w", err)
	}
	if _, err := o.light.Subscribe(ctx, &paho.Subscribe{Subscriptions: []paho.SubscribeOptions{{Topic: "#", QoS: 1}}}); err != nil {
		return fmt.Errorf("subscribe: %w", err)
	}
	return nil
}
