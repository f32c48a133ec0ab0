// What the program and its commands leave unread until it is used; see the policy pack's.
import { putOff } from "../policy/late-packages.js";

// SSH of the client's own: engines behind ssh:// are reached through the system's.
putOff(/[\\/]docker-modem[\\/]lib[\\/]modem\.js$/, ["./ssh"]);
// BuildKit's sessions and progress.
putOff(/[\\/]dockerode[\\/]lib[\\/]session\.js$/, ["@grpc/grpc-js", "@grpc/proto-loader"]);
putOff(/[\\/]dockerode[\\/]lib[\\/]buildkit\.js$/, ["protobufjs"]);
// Archives of folders that are built; builds here send one of their own.
putOff(/[\\/]dockerode[\\/]lib[\\/]util\.js$/, ["tar-fs"]);
