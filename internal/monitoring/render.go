package monitoring

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"
)

// The configuration files, under the source and under what is rendered. Everything else, the rules, is
// copied as it is, so that line numbers in errors stay true.
const (
	PrometheusFile   = "prometheus/prometheus.yml"
	AlertmanagerFile = "alertmanager/alertmanager.yml"
)

// The addresses that the files name.
const (
	gatewayAddress      = "gateway:8080"
	metricsAddress      = "gateway:8082"
	prometheusAddress   = "prometheus:9090"
	alertmanagerAddress = "alertmanager:9093"
)

// Setting is what differs from machine to machine.
type Setting struct {
	// Gateway, Metrics, Prometheus and Alertmanager are host:port of the gateway's API, of its metrics, of
	// Prometheus and of Alertmanager. They take the place of gateway:8080, gateway:8082 (also where it is found by
	// its DNS name, for on one machine there is one), prometheus:9090 and alertmanager:9093.
	Gateway, Metrics, Prometheus, Alertmanager string
	// User and PasswordFile are the credentials of the webhook. Empty: it needs none.
	User, PasswordFile string
}

// Render writes the configuration in source, with s put in, below dir. Rules that source no longer has
// are removed. Nothing is written when any file cannot be used.
func Render(source fs.FS, dir string, s Setting) error {
	texts, err := s.renderAll(source)
	if err != nil {
		return err
	}
	for _, folder := range []string{"prometheus", "alertmanager"} {
		if err := replace(dir, folder, texts); err != nil {
			return err
		}
	}
	return nil
}

// renderAll returns the text of each file in source by its name.
func (s Setting) renderAll(source fs.FS) (map[string][]byte, error) {
	texts, err := read(source)
	if err != nil {
		return nil, err
	}
	for name, text := range texts {
		if texts[name], err = s.render(name, text); err != nil {
			return nil, fmt.Errorf("render %s: %w", name, err)
		}
	}
	for _, name := range []string{PrometheusFile, AlertmanagerFile} {
		if texts[name] == nil {
			return nil, fmt.Errorf("render %s: %w", name, fs.ErrNotExist)
		}
	}
	return texts, nil
}

// read returns the text of each file in source by its name.
func read(source fs.FS) (map[string][]byte, error) {
	files, err := list(source)
	if err != nil {
		return nil, err
	}
	texts := map[string][]byte{}
	for _, name := range files {
		if texts[name], err = fs.ReadFile(source, name); err != nil {
			return nil, err
		}
	}
	return texts, nil
}

// replace makes the configuration below dir in folder what texts say, and leaves other folders alone.
func replace(dir, folder string, texts map[string][]byte) error {
	for name, text := range texts {
		if within(name, folder) {
			if err := write(filepath.Join(dir, filepath.FromSlash(name)), text); err != nil {
				return err
			}
		}
	}
	there, err := list(os.DirFS(dir))
	if err != nil {
		return err
	}
	var errs []error
	for _, name := range there {
		if _, ok := texts[name]; !ok && within(name, folder) {
			errs = append(errs, os.Remove(filepath.Join(dir, filepath.FromSlash(name))))
		}
	}
	return errors.Join(errs...)
}

func within(name, folder string) bool { return strings.HasPrefix(name, folder+"/") }

// list names the YAML files of both servers, the rules' unit tests left out.
func list(source fs.FS) ([]string, error) {
	var files []string
	for _, pattern := range []string{"prometheus/*.yml", "prometheus/rules/*.yml", "alertmanager/*.yml"} {
		names, err := fs.Glob(source, pattern)
		if err != nil {
			return nil, err
		}
		files = append(files, names...)
	}
	return files, nil
}

func write(file string, text []byte) error {
	if err := os.MkdirAll(filepath.Dir(file), 0o750); err != nil {
		return err
	}
	return os.WriteFile(file, text, 0o600)
}

func (s Setting) render(name string, text []byte) ([]byte, error) {
	var needed []string
	switch name {
	case PrometheusFile:
		needed = []string{metricsAddress, alertmanagerAddress}
	case AlertmanagerFile:
		needed = []string{gatewayAddress}
	default:
		return text, nil
	}
	var doc yaml.Node
	if err := yaml.Unmarshal(text, &doc); err != nil {
		return nil, err
	}
	e := editor{setting: s, found: map[string]bool{}, static: map[*yaml.Node]bool{}}
	e.edit(&doc)
	if len(e.errs) > 0 {
		return nil, errors.Join(e.errs...)
	}
	for _, address := range needed {
		if !e.found[address] {
			return nil, fmt.Errorf("the address %s is nowhere in it, so it cannot be pointed at this machine", address)
		}
	}
	var out bytes.Buffer
	fmt.Fprintf(&out, "# Made by faas up from %s: changes here are lost.\n", path.Base(name))
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := errors.Join(encoder.Encode(&doc), encoder.Close()); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}
