package main

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"

	"faas/internal/supervise"
)

// nginx as a reverse proxy with keep-alive on both sides, one worker a core and no log, in front of the server at %[2]s.
const nginxConfig = `
user root;
worker_processes auto;
daemon off;
pid %[3]s/nginx.pid;
error_log stderr error;
events { worker_connections 4096; }
http {
	access_log off;
	client_body_temp_path %[3]s/body;
	proxy_temp_path %[3]s/proxy;
	fastcgi_temp_path %[3]s/fastcgi;
	uwsgi_temp_path %[3]s/uwsgi;
	scgi_temp_path %[3]s/scgi;
	keepalive_requests 1000000000;
	client_max_body_size 0;
	upstream behind {
		server %[2]s;
		keepalive 1024;
		keepalive_requests 1000000000;
	}
	server {
		listen %[1]s backlog=1024;
		location / {
			proxy_pass http://behind;
			proxy_http_version 1.1;
			proxy_set_header Connection "";
			proxy_set_header Host $host;
			proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
			proxy_set_header X-Forwarded-Proto $scheme;
		}
	}
}
`

// startNginx runs nginx and returns where it listens.
func startNginx(ctx context.Context, dir, to string) (*process, string, error) {
	path, err := find("nginx", "/usr/sbin/nginx")
	if err != nil {
		return nil, "", err
	}
	port, err := supervise.Reserve(ctx, "port", "127.0.0.1:0")
	if err != nil {
		return nil, "", err
	}
	addr := port.Addr().String()
	if err := port.Yield(); err != nil {
		return nil, "", err
	}
	defer port.Close() //nolint:errcheck // nginx has it by then
	dir = filepath.Join(dir, "nginx")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, "", err
	}
	file := filepath.Join(dir, "nginx.conf")
	if err := os.WriteFile(file, fmt.Appendf(nil, nginxConfig, addr, to, dir), 0o600); err != nil {
		return nil, "", err
	}
	p, err := startProgram(ctx, addr, nil, path, "-c", file, "-p", dir)
	return p, addr, err
}

// freeAddr is one of loopback where nobody listens now.
func freeAddr(ctx context.Context) (string, error) {
	l, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return l.Addr().String(), l.Close()
}
