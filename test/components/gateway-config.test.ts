import { expect, test } from "vitest";
import { type GatewayArgs, gatewayUrl } from "../../components/gateway/args.ts";
import { gateway } from "../../components/gateway/gateway.ts";
import { toNginxConfig } from "../../components/gateway/nginx.ts";
import { secret } from "../support/secret.ts";

/** The whole of what nginx is told: a line that is lost opens something without a word. */

const args: GatewayArgs = {
  project: "agent-sessions",
  stack: "test",
  image: "i",
  names: ["agents.test", "other.test"],
  tokens: [secret("env TOKEN", "the-token")],
  users: { alice: secret("file /alice", "the-password") },
  services: ["prometheus", "grafana"],
};

test("nginx's configuration", () => {
  expect(toNginxConfig(args, "/f")).toBe(configuration);
});

test("is a file of the gateway's, which has its certificate where it is kept", () => {
  const certificate = { chain: secret("file /cert", "the-chain"), key: secret("file /key", "the-key") };
  const filesIn = (more: Partial<GatewayArgs>) =>
    gateway({ ...args, ...more }).mounts.flatMap(({ source }) => (source.kind === "files" ? [source.files] : []));
  expect(filesIn({})).toEqual([{ "nginx.conf": toNginxConfig(args, "/var/lib/gateway") }]);
  expect(filesIn({ certificate })).toEqual([{ "nginx.conf": toNginxConfig(args, "/secret") }]);
});

test("its secrets are one mount, called by the names of all", () => {
  const [mount, ...others] = gateway(args).mounts.filter(({ source }) => source.kind === "secret");
  if (mount?.source.kind !== "secret") throw new Error("no secret is mounted");
  expect([mount.source.files.name, mount.source.files.reveal(), others]).toEqual([
    "env TOKEN, file /alice",
    { "token-1": "the-token", "user-alice": "the-password" },
    [],
  ]);
});

test("a service's address is below the first name", () => {
  expect([gatewayUrl(args.names), gatewayUrl(args.names, "grafana")]).toEqual(["https://agents.test/", "https://agents.test/grafana/"]);
});

const configuration = `daemon off;
worker_processes 2;
pid /tmp/gateway/nginx.pid;
# What it says of a single request has the whole of it.
error_log stderr crit;
events {
  worker_connections 1024;
}
http {
  include /tmp/gateway/resolver.conf;
  resolver_timeout 2s;
  server_tokens off;
  # Addresses of this machine are told to nobody.
  absolute_redirect off;
  server_names_hash_bucket_size 512;
  client_body_temp_path /tmp/gateway/body;
  proxy_temp_path /tmp/gateway/proxy;
  fastcgi_temp_path /tmp/gateway/fastcgi;
  uwsgi_temp_path /tmp/gateway/uwsgi;
  scgi_temp_path /tmp/gateway/scgi;
  # The rest of what is larger is not kept for who reads slowly.
  proxy_max_temp_file_size 0;
  # Neither what was asked for with a question mark nor who asks is in it: people put secrets into both.
  log_format record escape=json '{"time":"$time_iso8601","address":"$remote_addr","method":"$request_method","path":"$path","service":"$service","status":$status,"seconds":$request_time}';
  access_log /dev/stdout record;
  client_header_timeout 10s;
  client_body_timeout 10s;
  client_max_body_size 1m;
  send_timeout 10s;
  keepalive_timeout 30s;
  proxy_connect_timeout 5s;
  proxy_read_timeout 60s;
  limit_req_zone $binary_remote_addr zone=requests:10m rate=20r/s;
  limit_conn_zone $binary_remote_addr zone=connections:10m;
  limit_req_status 429;
  limit_conn_status 429;
  add_header Strict-Transport-Security "max-age=31536000" always;
  add_header X-Content-Type-Options "nosniff" always;
  add_header X-Frame-Options "DENY" always;
  add_header Referrer-Policy "same-origin" always;
  add_header Cross-Origin-Opener-Policy "same-origin" always;
  add_header Cross-Origin-Resource-Policy "same-origin" always;
  add_header Permissions-Policy "camera=(), geolocation=(), microphone=()" always;
  # Added to what a service says: both hold.
  add_header Content-Security-Policy "frame-ancestors 'none'; object-src 'none'" always;
  proxy_hide_header Strict-Transport-Security;
  proxy_hide_header X-Content-Type-Options;
  proxy_hide_header X-Frame-Options;
  proxy_hide_header Referrer-Policy;
  proxy_hide_header Cross-Origin-Opener-Policy;
  proxy_hide_header Cross-Origin-Resource-Policy;
  proxy_hide_header Permissions-Policy;
  proxy_hide_header Access-Control-Allow-Origin;
  proxy_hide_header Access-Control-Allow-Credentials;
  proxy_hide_header Access-Control-Allow-Methods;
  proxy_hide_header Server;
  # As it was asked for, as what is passed on has lost its first folder.
  map $request_uri $path {
    ~^(?<asked>[^?]*) $asked;
  }
  map $request_uri $service {
    default gateway;
    "~^/([?]|$)" supervisor;
    ~^/prometheus/ prometheus;
    ~^/grafana/ grafana;
  }
  map $http_upgrade $further {
    default upgrade;
    "" "";
  }
  # Whom is asked for a password: whoever has no token.
  map $http_authorization $asked {
    default agent-sessions;
    include /tmp/gateway/tokens.conf;
  }
  # A page of somebody else's has its own origin, and the browser would send the password along.
  map $http_origin $stranger {
    default 1;
    "" 0;
    "https://agents.test" 0;
    "https://other.test" 0;
  }
  server {
    listen 8080 default_server;
    return 301 https://agents.test$request_uri;
  }
  server {
    listen 8080;
    server_name agents.test other.test;
    return 301 https://$host$request_uri;
  }
  # Whoever comes by another name, or by none, is told nothing but whether it is up.
  server {
    listen 8443 ssl http2 default_server;
    ssl_certificate /f/certificate.pem;
    ssl_certificate_key /f/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
    ssl_session_cache shared:tls:2m;
    ssl_session_tickets off;
    location = /health {
      auth_basic off;
      access_log off;
      default_type application/json;
      return 200 '{"status":"healthy","timestamp":"$time_iso8601"}';
    }
    location / { return 421; }
  }
  server {
    listen 8443 ssl http2;
    server_name agents.test other.test;
    ssl_certificate /f/certificate.pem;
    ssl_certificate_key /f/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
    ssl_session_cache shared:tls:2m;
    ssl_session_tickets off;
    limit_req zone=requests burst=200 nodelay;
    limit_conn connections 64;
    auth_basic $asked;
    auth_basic_user_file /tmp/gateway/users;
    if ($stranger) { return 403; }
    location = /health {
      auth_basic off;
      access_log off;
      default_type application/json;
      return 200 '{"status":"healthy","timestamp":"$time_iso8601"}';
    }
    location = / {
      set $supervisor http://supervisor:9464;
      proxy_pass $supervisor;
      proxy_http_version 1.1;
      proxy_set_header Host supervisor;
      proxy_set_header Authorization "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header Forwarded "";
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $further;
    }
    location = /prometheus { try_files /none @prometheus; }
    location @prometheus { return 301 /prometheus/; }
    location /prometheus/ {
      set $prometheus http://prometheus:9090;
      rewrite ^/prometheus/(.*)$ /$1 break;
      proxy_pass $prometheus;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Authorization "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header Forwarded "";
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $further;
    }
    location = /grafana { try_files /none @grafana; }
    location @grafana { return 301 /grafana/; }
    location /grafana/ {
      set $grafana http://grafana:3000;
      rewrite ^/grafana/(.*)$ /$1 break;
      proxy_pass $grafana;
      proxy_http_version 1.1;
      proxy_set_header Host $host;
      proxy_set_header Authorization "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header Forwarded "";
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $further;
    }
    location / { root /var/empty; }
  }
}
`;
