package monitoring

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Follower keeps two servers at the configuration in a directory that people edit.
type Follower struct {
	// Source is the directory with prometheus/ and alertmanager/ in it, Dir what Render wrote to.
	Source, Dir string
	// Setting is what Render puts in.
	Setting Setting
	// Servers are reloaded, each when a file in its folder changed.
	Servers []Server
	// Interval is the time between two looks, 0.5 s when 0. A change is applied at the second look that finds
	// the files alike, since the first may have met an editor in the middle of its writing.
	Interval time.Duration
	// Report is told of each reload by the server's name: err is nil, or says why the configuration from
	// before stays in force.
	Report func(server string, err error)

	seen   map[string]string // fingerprints of what was applied or refused, by folder
	latest map[string]string // fingerprints at the last look
	away   map[string]bool   // folders whose server could not be reached, which was told
}

// Render renders the configuration for the first time, before the servers start. What changes from now
// on is seen by Run.
func (f *Follower) Render() error {
	source := os.DirFS(f.Source)
	seen, err := fingerprints(source)
	if err != nil {
		return err
	}
	f.seen, f.away = seen, map[string]bool{}
	return Render(source, f.Dir, f.Setting)
}

// Run looks for changes until ctx ends. It is called after Render, once the servers are ready.
func (f *Follower) Run(ctx context.Context) error {
	interval := f.Interval
	if interval == 0 {
		interval = 500 * time.Millisecond
	}
	ticker := time.NewTicker(interval)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		f.look(ctx)
	}
}

// look applies what changed since the last look.
func (f *Follower) look(ctx context.Context) {
	source := os.DirFS(f.Source)
	now, err := fingerprints(source)
	if err != nil {
		return // a file that an editor is just replacing
	}
	settled := maps.Equal(now, f.latest)
	f.latest = now
	if !settled {
		return
	}
	before := f.seen
	f.seen = maps.Clone(now)
	for _, s := range f.Servers {
		if now[s.Folder] != before[s.Folder] {
			f.apply(ctx, source, s)
		}
	}
}

// apply puts the new configuration of s in force. Where that fails the old one is put back on the disk, or
// the server would refuse to start when it dies. A server that is away gets the new one once it is back.
func (f *Follower) apply(ctx context.Context, source fs.FS, s Server) {
	err := f.reload(ctx, source, s)
	var away *url.Error
	if errors.As(err, &away) {
		f.seen[s.Folder] = "" // so the next look tries again
		if ctx.Err() != nil || f.away[s.Folder] {
			return
		}
		err = fmt.Errorf("not reached, tried again until it is: %w", err)
	}
	f.away[s.Folder] = away != nil
	if err != nil {
		err = f.InSource(err)
	}
	f.Report(s.Name, err)
}

func (f *Follower) reload(ctx context.Context, source fs.FS, s Server) error {
	texts, err := f.Setting.renderAll(source)
	if err != nil {
		return err
	}
	old, err := read(os.DirFS(f.Dir))
	if err != nil {
		return err
	}
	err = replace(f.Dir, s.Folder, texts)
	if err == nil {
		err = s.Reload(ctx)
	}
	if err != nil {
		return errors.Join(err, replace(f.Dir, s.Folder, old))
	}
	return nil
}

// InSource names the files that the user edits where err names ours. An error that names none stays as it is.
func (f *Follower) InSource(err error) error {
	text := strings.ReplaceAll(err.Error(), f.Dir+string(filepath.Separator), f.Source+string(filepath.Separator))
	if text == err.Error() {
		return err
	}
	return errors.New(text)
}

// fingerprints returns, for each server's folder, a text that changes with the files' names, sizes and
// times of change.
func fingerprints(source fs.FS) (map[string]string, error) {
	files, err := list(source)
	if err != nil {
		return nil, err
	}
	prints := map[string]string{}
	for _, name := range files {
		info, err := fs.Stat(source, name)
		if err != nil {
			return nil, err
		}
		folder, _, _ := strings.Cut(name, "/")
		prints[folder] += fmt.Sprintln(name, info.Size(), info.ModTime().UnixNano())
	}
	return prints, nil
}
