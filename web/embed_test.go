package web

import (
	"io/fs"
	"testing"
)

func TestDist(t *testing.T) {
	if _, err := fs.Stat(Dist(), "index.html"); err != nil {
		t.Error(err)
	}
	assets, err := fs.ReadDir(Dist(), "assets")
	if err != nil || len(assets) == 0 {
		t.Errorf("assets: %v, %v", assets, err)
	}
}
