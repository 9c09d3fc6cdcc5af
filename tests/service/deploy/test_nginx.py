"""The proxy's configuration: its limits fit the service's; where nginx is installed, it runs before one."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import httpx
import pytest

from benchmarks.service_process import Service
from service.http import run
from service.http.request_id import PLAIN
from service.http.surrounding import ENVELOPE_BYTES
from service.keys import Role, key_file
from service.settings import Settings

CONF = Path(__file__).parents[3] / "service" / "deploy" / "nginx.conf"
TEXT = re.sub(r"#.*", "", CONF.read_text(encoding="utf-8"))
NGINX, OPENSSL = shutil.which("nginx"), shutil.which("openssl")
real = pytest.mark.skipif(
    not NGINX or not OPENSSL, reason="no nginx or no openssl here (apt-get install nginx-light openssl)"
)
TLS_BLOCK = TEXT[TEXT.index("listen 443") :]


def of(directive: str, text: str = TLS_BLOCK) -> list[str]:
    """The values of a directive, in order."""
    return [
        " ".join(found.split()) for found in re.findall(rf"^\s*{directive}\s+([^;]+);", text, re.MULTILINE)
    ]


def seconds(directive: str) -> float:
    [value] = of(directive)
    return float(value.removesuffix("s"))


def test_braces_and_semicolons_are_whole() -> None:
    bare = re.sub(r'"[^"]*"|\'[^\']*\'', "quoted", TEXT)
    assert bare.count("{") == bare.count("}")
    for line in filter(None, map(str.strip, bare.splitlines())):
        assert line.endswith(("{", "}", ";")), line


def test_waits_and_sizes_fit_those_of_the_service() -> None:
    settings = Settings()
    assert of("client_max_body_size") == [f"{(settings.max_upload_bytes + ENVELOPE_BYTES) // 1024}k"]
    assert seconds("proxy_read_timeout") > settings.upload_seconds
    assert float(of("keepalive_timeout", TEXT)[0].removesuffix("s")) < run.KEEP_ALIVE_SECONDS
    for slow in ("client_header_timeout", "client_body_timeout", "send_timeout", "proxy_connect_timeout"):
        assert 0 < seconds(slow) <= 30
    assert of("proxy_request_buffering") == of("proxy_buffering") == ["on"]
    assert of("proxy_next_upstream") == ["off"]
    assert of("server", TEXT[: TEXT.index("map")]) == [f"{settings.host}:{settings.port} max_fails=0"]


def test_what_a_client_claims_is_not_passed_on() -> None:
    headers = dict(value.split(" ", 1) for value in of("proxy_set_header"))
    assert headers["X-Forwarded-For"] == "$remote_addr"
    assert headers["X-Forwarded-Proto"] == "$scheme"
    assert headers["Forwarded"] == headers["X-Real-IP"] == '""'
    assert headers["X-Request-ID"] == "$vitrine_request_id"
    assert PLAIN.pattern in TEXT.replace("^", "").replace("$", "")


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


@contextmanager
def proxy(home: Path, upstream: int) -> Iterator[int]:
    """nginx with the very configuration, but for its addresses, certificate, log and the wait for bodies."""
    plain, tls = free_port(), free_port()
    words = f"req -x509 -newkey rsa:2048 -nodes -days 1 -subj /CN=shop -keyout {home}/key -out {home}/cert"
    subprocess.run([str(OPENSSL), *words.split()], check=True, capture_output=True)
    text = CONF.read_text(encoding="utf-8")
    for before, after in (
        ("listen 80;", f"listen 127.0.0.1:{plain};"),
        ("listen 443 ssl;", f"listen 127.0.0.1:{tls} ssl;"),
        ("/etc/ssl/certs/shop.example.pem", f"{home}/cert"),
        ("/etc/ssl/private/shop.example.key", f"{home}/key"),
        ("/var/log/nginx/vitrine.log", f"{home}/access.log"),
        ("server 127.0.0.1:8000", f"server 127.0.0.1:{upstream}"),
        ("client_body_timeout 10s", "client_body_timeout 1s"),
    ):
        assert text.count(before) == 1, before
        text = text.replace(before, after)
    (home / "vitrine.conf").write_text(text, encoding="utf-8")
    places = "".join(
        f"{kind}_temp_path {home}/{kind};\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    whole = (
        f"pid {home}/pid;\nevents {{}}\nhttp {{\naccess_log off;\n{places}include {home}/vitrine.conf;\n}}\n"
    )
    (home / "nginx.conf").write_text(whole, encoding="utf-8")
    command = [str(NGINX), "-p", str(home), "-c", f"{home}/nginx.conf", "-e", f"{home}/error.log"]
    checked = subprocess.run([*command, "-t"], capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stderr
    assert "[warn]" not in checked.stderr.replace('[warn] the "user" directive', "")
    server = subprocess.Popen([*command, "-g", "daemon off; master_process off;"])
    try:
        yield tls
    finally:
        server.terminate()
        server.wait(20)


@contextmanager
def serving_with_keys(shop: Path, environment: dict[str, str]) -> Iterator[int]:
    """The port of a service whose readiness takes a key."""
    service = Service(shop, **environment)
    try:
        yield service.port
    finally:
        service.kill()


@real
def test_a_service_behind_nginx(shop: Path, tmp_path: Path) -> None:
    key = {"x-api-key": key_file(shop).add("one", Role.WRITE), "accept": "application/json"}
    trusting = {"VITRINE_TRUSTED_PROXIES": "127.0.0.1", "VITRINE_DRAIN_SECONDS": "0"}
    with serving_with_keys(shop, trusting) as upstream, proxy(tmp_path, upstream) as port:
        transport = httpx.HTTPTransport(verify=False, retries=5)
        with httpx.Client(transport=transport, base_url=f"https://127.0.0.1:{port}", timeout=30) as client:
            forged = {"x-forwarded-for": "198.51.100.1", "x-request-id": "plain-1", **key}
            answer = client.get("/v1/products", headers=forged)
            assert answer.status_code == 200
            assert answer.headers["x-request-id"] == "plain-1"
            odd = client.get("/v1/none", headers={"x-request-id": "a b", **key})
            assert odd.json()["error"]["request_id"] == odd.headers["x-request-id"] != "a b"
            assert client.get("/v1/products").status_code == 401
            assert client.get("/metrics", headers=key).status_code == 404
            assert client.get("/health/ready", headers=key).status_code == 404
            large = client.post("/v1/similar", headers=key, content=b"x" * (22 * 2**20))
            assert large.status_code == 413
            signed_in = client.post(
                "/sign-in",
                data={"key": key["x-api-key"]},
                headers={"origin": f"https://127.0.0.1:{port}"},
            )
            assert signed_in.status_code == 303
            assert "secure" in signed_in.headers["set-cookie"].lower()
        with closing(_tls(port)) as slow:
            slow.sendall(b"POST /v1/search HTTP/1.1\r\nHost: shop\r\nContent-Length: 9\r\n\r\n{")
            slow.settimeout(30)
            cut = slow.recv(65536)
    assert cut == b"" or b" 408 " in cut
    lines = (tmp_path / "access.log").read_text().splitlines()
    assert any(line.endswith(" plain-1") for line in lines)
    assert "/v1/" not in "".join(lines)


def _tls(port: int) -> socket.socket:
    trusting = ssl.create_default_context()
    trusting.check_hostname = False
    trusting.verify_mode = ssl.CERT_NONE
    return trusting.wrap_socket(socket.create_connection(("127.0.0.1", port), 30))
