package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"

	"faas"
	"faas/bench/procstat"
	"faas/internal/monitoring"
	"faas/internal/supervise"
)

// system is what is measured.
type system struct {
	dir     string
	echo    *echo
	gateway *exec.Cmd
	at      addresses
	hangUp  io.Closer // ends the gateway

	group                        *supervise.Group
	prometheus, alertmanager     *supervise.Program
	prometheusAt, alertmanagerAt string
	ports                        []*supervise.Reservation
}

// choosePorts finds those of Prometheus and Alertmanager.
func (s *system) choosePorts(ctx context.Context) error {
	for _, at := range []*string{&s.prometheusAt, &s.alertmanagerAt} {
		port, err := supervise.Reserve(ctx, "port", "127.0.0.1:0")
		if err != nil {
			return err
		}
		*at = port.Addr().String()
		s.ports = append(s.ports, port)
	}
	return nil
}

// startGateway runs this program once more as the gateway.
func (s *system) startGateway(ctx context.Context, functions int, replicaMetrics bool) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	args := []string{"gateway", "--functions", strconv.Itoa(functions), "--echo", s.echo.addr, "--alertmanager", "http://" + s.alertmanagerAt}
	if replicaMetrics {
		args = append(args, "--metrics", s.echo.metrics)
	}
	s.gateway = exec.CommandContext(ctx, self, args...)
	s.gateway.Stderr = os.Stderr
	if s.hangUp, err = s.gateway.StdinPipe(); err != nil {
		return err
	}
	out, err := s.gateway.StdoutPipe()
	if err != nil {
		return err
	}
	if err := s.gateway.Start(); err != nil {
		return err
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("the gateway did not start: %w", err)
	}
	return json.Unmarshal(line, &s.at)
}

// startLoop runs Alertmanager and Prometheus as `faas up` does.
func (s *system) startLoop(ctx context.Context, c *measureCommand) error {
	paths, err := supervise.Find(c.Bin, supervise.Binary{Names: []string{"prometheus"}}, supervise.Binary{Names: []string{"alertmanager"}})
	if err != nil {
		return err
	}
	for _, port := range s.ports {
		if err := port.Yield(); err != nil {
			return err
		}
	}
	var source fs.FS = faas.ControlLoop
	if c.Config != "" {
		source = os.DirFS(c.Config)
	}
	config := filepath.Join(s.dir, "config")
	if err := monitoring.Render(source, config, monitoring.Setting{
		Gateway: s.at.Gateway, Metrics: s.at.Metrics, Prometheus: s.prometheusAt, Alertmanager: s.alertmanagerAt,
	}); err != nil {
		return err
	}
	s.alertmanager, err = s.program("alertmanager", paths[1], s.alertmanagerAt, nil,
		"--config.file="+filepath.Join(config, "alertmanager", "alertmanager.yml"),
		"--storage.path="+filepath.Join(s.dir, "alertmanager"), "--cluster.listen-address=", "--data.retention=1h",
		"--data.maintenance-interval=10s")
	if err != nil {
		return err
	}
	args := append(monitoring.PrometheusFlags(),
		"--config.file="+filepath.Join(config, "prometheus", "prometheus.yml"), "--storage.tsdb.path="+filepath.Join(s.dir, "prometheus"))
	s.prometheus, err = s.program("prometheus", paths[0], s.prometheusAt, monitoring.PrometheusEnv(), args...)
	if err != nil {
		return err
	}
	for _, p := range []*supervise.Program{s.alertmanager, s.prometheus} {
		s.group.Go(ctx, fmt.Sprintf("%p", p), 10*time.Second, p.Run)
		select {
		case <-p.Ready():
		case err := <-s.group.Failed():
			return err
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	return nil
}

func (s *system) program(name, path, listen string, env []string, args ...string) (*supervise.Program, error) {
	return supervise.NewProgram(supervise.ProgramOptions{
		Name: name, Path: path, Args: append(args, "--web.listen-address="+listen), Env: env,
		LogFile: filepath.Join(s.dir, name+".log"), ReadyURL: "http://" + listen + "/-/ready",
		Report: func(e supervise.Event) { fmt.Fprintln(os.Stderr, name, e) },
	})
}

// stopLoop ends Prometheus and Alertmanager.
func (s *system) stopLoop() error {
	var names []string
	for _, p := range []*supervise.Program{s.prometheus, s.alertmanager} {
		if p != nil {
			names = append(names, fmt.Sprintf("%p", p))
		}
	}
	s.prometheus, s.alertmanager = nil, nil
	return s.group.Stop(func(string) {}, names...)
}

// stop ends all.
func (s *system) stop() error {
	err := s.stopLoop()
	if s.hangUp != nil {
		_ = s.hangUp.Close() // it may have ended by itself
		_ = s.gateway.Wait() // as above
	}
	for _, port := range s.ports {
		_ = port.Close() // nobody listens there any more
	}
	s.echo.close()
	return err
}

// processorTime is what a process has used so far.
func processorTime(pid int) (time.Duration, error) {
	u, err := procstat.Of(pid)
	return u.Own, err
}
