/** Clients of dev services that run in a session, in no language but the image's own. */

/** Asks PostgreSQL by its socket and password (SCRAM-SHA-256) for each statement; prints the first value. */
export const askPostgresql = `
import base64, hashlib, hmac, os, socket, struct, sys
folder = "/run/services/postgresql"
password = open(folder + "/password").read().strip() if len(sys.argv) < 3 else sys.argv[2]
link = socket.socket(socket.AF_UNIX); link.connect(folder + "/.s.PGSQL.5432")
def send(kind, body): link.sendall(kind + struct.pack("!i", len(body) + 4) + body)
def take(size):
    data = b""
    while len(data) < size:
        more = link.recv(size - len(data))
        if not more: sys.exit("the connection has ended")
        data += more
    return data
def receive():
    kind = take(1); body = take(struct.unpack("!i", take(4))[0] - 4)
    if kind == b"E": sys.exit(body.replace(b"\\0", b" ").decode())
    return kind, body
user = os.environ["PGUSER"].encode()
send(b"", struct.pack("!i", 196608) + b"user\\0" + user + b"\\0database\\0" + os.environ["PGDATABASE"].encode() + b"\\0\\0")
receive()
first = b"n=,r=" + base64.b64encode(os.urandom(18))
send(b"p", b"SCRAM-SHA-256\\0" + struct.pack("!i", len(first) + 3) + b"n,," + first)
said = receive()[1][4:]
nonce, salt, rounds = [part[2:] for part in said.split(b",")]
salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
mac = lambda key, text: hmac.new(key, text, hashlib.sha256).digest()
bare = b"c=biws,r=" + nonce
key = mac(salted, b"Client Key")
proof = bytes(a ^ b for a, b in zip(key, mac(hashlib.sha256(key).digest(), first + b"," + said + b"," + bare)))
send(b"p", bare + b",p=" + base64.b64encode(proof))
while receive()[0] != b"Z": pass
send(b"Q", sys.argv[1].encode() + b"\\0")
while True:
    kind, body = receive()
    if kind == b"D": print(body[6:].decode())
    if kind == b"Z": break
`;

/** Asks Redis by its socket, one command a line, and prints what it says. */
export const askRedis = `
import socket, sys
password = open("/run/services/redis/password").read().strip()
link = socket.socket(socket.AF_UNIX); link.connect("/run/services/redis/socket")
for line in ["AUTH " + password] + sys.argv[1:]:
    link.sendall(line.encode() + b"\\r\\n"); print(link.recv(4096).decode().strip().replace("\\r\\n", " "))
`;

const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
/** A shell line that runs one of them. */
export const inPython = (program: string, ...args: string[]) => `python3 -c ${[program, ...args].map(quoted).join(" ")}`;
