import { type MonitoringName, monitoringPorts } from "../monitoring/args.ts";
import { supervisorAlias, supervisorPort } from "../supervisor/args.ts";
import { type GatewayArgs, gatewayPath, gatewayPorts } from "./args.ts";

/** What the gateway says with every answer, whoever made that; the same of a service is left out. */
const headers = {
  "Strict-Transport-Security": "max-age=31536000",
  "X-Content-Type-Options": "nosniff",
  "X-Frame-Options": "DENY",
  "Referrer-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
};

/** Of a service's answer: it would let pages of others in. */
const hidden = ["Access-Control-Allow-Origin", "Access-Control-Allow-Credentials", "Access-Control-Allow-Methods", "Server"];

/** Bytes of a request's body: nothing that is behind it takes more. */
const largestBody = "1m";

/**
 * nginx's configuration.
 *
 * @param certificates the folder of certificate.pem and key.pem
 */
export function toNginxConfig(args: Pick<GatewayArgs, "names" | "rateLimit" | "services">, certificates: string): string {
  const { names, rateLimit = {}, services } = args;
  const { requests = 20, burst = 200 } = rateLimit;
  return `daemon off;
worker_processes 2;
pid /tmp/gateway/nginx.pid;
# What it says of a single request has the whole of it.
error_log stderr crit;
events {
  worker_connections 1024;
}
http {
${http(requests, services)}
  # A page of somebody else's has its own origin, and the browser would send the password along.
  map $http_origin $stranger {
    default 1;
    "" 0;
${names.map((name) => `    "https://${name}" 0;`).join("\n")}
  }
  server {
    listen ${gatewayPorts.http} default_server;
    return 301 https://${names[0]}$request_uri;
  }
  server {
    listen ${gatewayPorts.http};
    server_name ${names.join(" ")};
    return 301 https://$host$request_uri;
  }
  # Whoever comes by another name, or by none, is told nothing but whether it is up.
  server {
    listen ${gatewayPorts.https} ssl http2 default_server;
${tls(certificates)}
${health}
    location / { return 421; }
  }
  server {
    listen ${gatewayPorts.https} ssl http2;
    server_name ${names.join(" ")};
${tls(certificates)}
    limit_req zone=requests burst=${burst} nodelay;
    limit_conn connections 64;
    auth_basic $asked;
    auth_basic_user_file /tmp/gateway/users;
    if ($stranger) { return 403; }
${health}
    location = / {
${onward("supervisor", `${supervisorAlias}:${supervisorPort}`, supervisorAlias)}
    }
${services.map(service).join("\n")}
    location / { root /var/empty; }
  }
}
`;
}

const http = (requests: number, services: readonly MonitoringName[]) => `  include /tmp/gateway/resolver.conf;
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
  client_max_body_size ${largestBody};
  send_timeout 10s;
  keepalive_timeout 30s;
  proxy_connect_timeout 5s;
  proxy_read_timeout 60s;
  limit_req_zone $binary_remote_addr zone=requests:10m rate=${requests}r/s;
  limit_conn_zone $binary_remote_addr zone=connections:10m;
  limit_req_status 429;
  limit_conn_status 429;
${Object.entries(headers)
  .map(([name, value]) => `  add_header ${name} "${value}" always;`)
  .join("\n")}
  # Added to what a service says: both hold.
  add_header Content-Security-Policy "frame-ancestors 'none'; object-src 'none'" always;
${[...Object.keys(headers), ...hidden].map((name) => `  proxy_hide_header ${name};`).join("\n")}
  # As it was asked for, as what is passed on has lost its first folder.
  map $request_uri $path {
    ~^(?<asked>[^?]*) $asked;
  }
  map $request_uri $service {
    default gateway;
    "~^/([?]|$)" supervisor;
${services.map((name) => `    ~^${gatewayPath(name)} ${name};`).join("\n")}
  }
  map $http_upgrade $further {
    default upgrade;
    "" "";
  }
  # Whom is asked for a password: whoever has no token.
  map $http_authorization $asked {
    default agent-sessions;
    include /tmp/gateway/tokens.conf;
  }`;

const tls = (certificates: string) => `    ssl_certificate ${certificates}/certificate.pem;
    ssl_certificate_key ${certificates}/key.pem;
    ssl_protocols TLSv1.2 TLSv1.3;
    ssl_ciphers ECDHE+AESGCM:ECDHE+CHACHA20;
    ssl_session_cache shared:tls:2m;
    ssl_session_tickets off;`;

/** For whoever asks whether it is up: no word of what is behind it. */
const health = `    location = /health {
      auth_basic off;
      access_log off;
      default_type application/json;
      return 200 '{"status":"healthy","timestamp":"$time_iso8601"}';
    }`;

/**
 * What is passed on: nobody's password or token, and the address of who asks, whatever they say of it.
 *
 * @param host as which the service is asked
 * @param rewritten what becomes of the path
 */
const onward = (name: string, place: string, host: string, rewritten = "") => `      set $${name} http://${place};
${rewritten}      proxy_pass $${name};
      proxy_http_version 1.1;
      proxy_set_header Host ${host};
      proxy_set_header Authorization "";
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Forwarded-Proto https;
      proxy_set_header Forwarded "";
      proxy_set_header Upgrade $http_upgrade;
      proxy_set_header Connection $further;`;

/** Whatever nginx would say by `return` it would say to everybody: it does so before it asks who they are. */
function service(name: MonitoringName): string {
  const path = gatewayPath(name);
  return `    location = ${path.slice(0, -1)} { try_files /none @${name}; }
    location @${name} { return 301 ${path}; }
    location ${path} {
${onward(name, `${name}:${monitoringPorts[name]}`, "$host", `      rewrite ^${path}(.*)$ /$1 break;\n`)}
    }`;
}
