"""A PostgreSQL server for tests/live, on the loopback and with TLS; and servers that are none."""

import glob
import http.server
import os
import pwd
import shutil
import socket
import ssl
import subprocess
import threading


def programs():
    """The folder with `initdb`, which Debian keeps out of the PATH."""
    found = max(glob.glob("/usr/lib/postgresql/*/bin/initdb"), default=None) or shutil.which("initdb")
    return os.path.dirname(found) if found else None


class Postgres:
    """`folder` must be one that anybody can go through: the server never runs as root."""

    PASSWORD = "pass wörd'\\@/:%"

    def __init__(self, folder, port):
        self.folder, self.port = folder, port
        self.bin = programs()
        os.makedirs(folder)
        self.certificates()
        with open(self.path("password"), "w", encoding="utf-8") as file:
            file.write("root")
        if os.getuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self.as_nobody = ["setpriv", f"--reuid={nobody.pw_uid}", f"--regid={nobody.pw_gid}", "--clear-groups"]
            for parent, folders, files in os.walk(folder):
                for name in [".", *folders, *files]:
                    os.chown(os.path.join(parent, name), nobody.pw_uid, nobody.pw_gid)
        else:
            self.as_nobody = []
        self.run("initdb", "-D", self.path("data"), "-U", "root", "-A", "scram-sha-256", f"--pwfile={self.path('password')}",
                 "-E", "UTF8", "--locale=C.UTF-8")
        with open(self.path("data/pg_hba.conf"), "w", encoding="utf-8") as file:
            file.write("local all all scram-sha-256\nhostssl all certified all cert\nhost all weak all md5\n"
                       "host all all all scram-sha-256\n")
        self.run("pg_ctl", "-D", self.path("data"), "-w", "-l", self.path("log"), "start", "-o",
                 f"-p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={folder} -c fsync=off "
                 f"-c log_statement=all -c log_line_prefix='%a|' -c ssl=on -c ssl_cert_file={self.path('self.crt')} "
                 f"-c ssl_key_file={self.path('self.key')} -c ssl_ca_file={self.path('ca.crt')}")

    def path(self, name):
        return os.path.join(self.folder, name)

    def run(self, program, *arguments):
        subprocess.run([*self.as_nobody, os.path.join(self.bin, program), *arguments], check=True, cwd="/",
                       stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT)

    def certificates(self):
        """`self`: its own authority, for localhost. `ca` signs `server`, `expired` and `client`."""
        def openssl(*arguments):
            subprocess.run(["openssl", *arguments], check=True, capture_output=True, cwd=self.folder)

        for name in ("self", "ca"):
            openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.crt", "-days",
                    "30", "-subj", f"/CN={name}", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1")
        with open(self.path("names"), "w", encoding="utf-8") as file:
            file.write("subjectAltName=DNS:localhost\n")
        for name, subject, days in (("server", "localhost", 30), ("expired", "localhost", -1), ("client", "system:masters/CN=certified", 30)):
            openssl("req", "-newkey", "rsa:2048", "-nodes", "-keyout", f"{name}.key", "-out", f"{name}.csr", "-subj",
                    f"/O={subject}" if "/" in subject else f"/CN={subject}")
            openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial", "-days",
                    str(days), "-extfile", "names", "-out", f"{name}.crt")

    def sql(self, text, database="postgres"):
        """What psql answers as the superuser, over the socket."""
        done = subprocess.run(
            [os.path.join(self.bin, "psql"), "-X", "-A", "-t", "-q", "-v", "ON_ERROR_STOP=1", "-h", self.folder, "-p",
             str(self.port), "-U", "root", "-d", database],
            input=text, capture_output=True, text=True, env={**os.environ, "PGPASSWORD": "root"}, timeout=60,
        )
        if done.returncode != 0:
            raise RuntimeError(done.stderr)
        return done.stdout

    def present(self, certificate):
        """The certificate that the server shows from now on."""
        for end in ("crt", "key"):
            shutil.copyfile(self.path(f"{certificate}.{end}"), self.path(f"self.{end}"))
        self.run("pg_ctl", "-D", self.path("data"), "reload")

    def words(self, user="helm", **more):
        """A connection string `key='value' …`."""
        given = {"host": "127.0.0.1", "port": self.port, "dbname": "helm", "user": user, "password": self.PASSWORD,
                 "sslmode": "disable", **more}
        escaped = lambda value: str(value).replace("\\", "\\\\").replace("'", "\\'")
        return " ".join(f"{key}='{escaped(value)}'" for key, value in given.items() if value is not None)

    def url(self, query="sslmode=disable", host="127.0.0.1"):
        """A connection string `postgresql://…`."""
        from urllib.parse import quote
        return f"postgresql://helm:{quote(self.PASSWORD, safe='')}@{host}:{self.port}/helm?{query}"

    def stop(self):
        self.run("pg_ctl", "-D", self.path("data"), "-m", "immediate", "stop")


def silent(answer=b"", close=False):
    """A server that takes connections, says one thing and no more: its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        kept = []
        while True:
            peer, _ = listener.accept()
            if answer:
                peer.sendall(answer)
            if close:
                peer.recv(100)
                peer.close()
            else:
                kept.append(peer)

    threading.Thread(target=serve, daemon=True).start()
    return listener.getsockname()[1]


def expired(folder):
    """A server of HTTPS whose certificate is of yesterday: its port."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(os.path.join(folder, "expired.crt"), os.path.join(folder, "expired.key"))
    server = http.server.HTTPServer(("127.0.0.1", 0), http.server.BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda *_: None
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server.server_port


def proxy(seen):
    """A proxy for HTTPS, which notes where it was sent to: its port."""
    listener = socket.create_server(("127.0.0.1", 0))

    def pump(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            pass

    def serve(peer):
        head = b""
        while b"\r\n\r\n" not in head:
            head += peer.recv(4096) or b"\r\n\r\n"
        method, target = head.decode().split(" ")[:2]
        seen.append(target)
        if method != "CONNECT":
            peer.sendall(b"HTTP/1.1 405 Not here\r\nContent-Length: 0\r\n\r\n")
            return
        there = socket.create_connection(target.rsplit(":", 1))
        peer.sendall(b"HTTP/1.1 200 Fine\r\n\r\n")
        threading.Thread(target=pump, args=(there, peer), daemon=True).start()
        pump(peer, there)

    def listen():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=listen, daemon=True).start()
    return listener.getsockname()[1]
