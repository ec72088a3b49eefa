package image

import (
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestCredentials(t *testing.T) {
	auth := base64.StdEncoding.EncodeToString([]byte("me:s3cret"))
	for name, tt := range map[string]struct{ config, image, want, wantErr string }{
		"kept":         {`{"auths":{"registry.example.com":{"auth":"` + auth + `"}}}`, "registry.example.com/team/a:1", auth, ""},
		"with a port":  {`{"auths":{"127.0.0.1:5000":{"auth":"` + auth + `"}}}`, "127.0.0.1:5000/a", auth, ""},
		"of another":   {`{"auths":{"registry.example.com":{"auth":"` + auth + `"}}}`, "other.example.com/a", "", "no credentials of other.example.com are kept: `docker login other.example.com`"},
		"none":         {`{}`, "registry.example.com/a", "", "no credentials of registry.example.com"},
		"a token":      {`{"auths":{"registry.example.com":{"identitytoken":"x"}}}`, "registry.example.com/a", "", "are a token"},
		"no image":     {`{}`, "UPPER/case", "", "image UPPER/case: "},
		"not readable": {`{"auths":`, "registry.example.com/a", "", "find the credentials of registry.example.com: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			t.Setenv("DOCKER_CONFIG", dir)
			if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte(tt.config), 0o600); err != nil {
				t.Fatal(err)
			}
			got, err := Credentials(tt.image)
			if tt.wantErr == "" && err != nil || got != tt.want {
				t.Errorf("got %q, %v, want %q", got, err, tt.want)
			}
			if tt.wantErr != "" && (err == nil || !strings.Contains(err.Error(), tt.wantErr)) {
				t.Errorf("got %v, want %q", err, tt.wantErr)
			}
		})
	}
}
