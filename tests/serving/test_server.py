"""How the server responds to a browser and to an intruder."""

import http.client
import json
import os
import re
import signal
import socket
import threading
import time
from dataclasses import replace
from pathlib import Path
from urllib.parse import quote, urlsplit

import pytest
from noise_recording import noise
from sedpipe.errors import SedpipeError
from sedpipe.events import Event
from sedpipe.features.familiar import Familiar
from sedpipe.io.lists.events import read_event_list
from sedpipe.io.models.checkpoints import write_model
from sedpipe.serving.ear import Ear
from sedpipe.serving.recordings import Recordings
from sedpipe.serving.server import Server
from sedpipe.stages.predict import predict

Answer = tuple[int, str, dict[str, str]]


class Client:
    """A client whose requests are those of the server's own page unless told otherwise."""

    def __init__(self, address: str) -> None:
        self.host, self.home = urlsplit(address).netloc, urlsplit(address).path

    def ask(
        self, path: str, body: bytes | None = None, home: str | None = None, **headers: str
    ) -> tuple[int, str, dict[str, str]]:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        own = {"Origin": f"http://{self.host}"} if body is not None else {}
        connection.request(
            "GET" if body is None else "POST", (self.home if home is None else home) + path, body, {**own, **headers}
        )
        answer = connection.getresponse()
        text = answer.read().decode()
        connection.close()
        return answer.status, text, {name.lower(): value for name, value in answer.getheaders()}

    def save(self, name: str, events: object, state: str = "") -> tuple[int, str]:
        return self.ask(f"save/{quote(name)}", json.dumps({"events": events, "state": state}).encode())[:2]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    noise(tmp_path / "served" / "a.wav")
    noise(tmp_path / "served" / "night" / "50 % <b>.wav")
    noise(tmp_path / "outside.wav")
    return tmp_path / "served"


@pytest.fixture
def client(folder: Path, served: Server) -> Client:
    return Client(served.address)


def test_the_server_listens_only_on_localhost_at_a_secret_address(served: Server) -> None:
    found = urlsplit(served.address)
    assert found.hostname == "127.0.0.1"
    assert len(found.path.strip("/")) >= 32


def test_requests_with_a_wrong_secret_host_or_origin_get_404(client: Client) -> None:
    assert client.ask("")[0] == 200
    refused = [
        client.ask("", home="/"), client.ask("recording/a.wav", home="/"), client.ask("", home="/wrong-secret/"),
        client.ask("", Host="evil.example"), client.ask("", Host=f"evil.example:{client.host.split(':')[1]}"),
        client.ask("", Host="127.0.0.1"), client.ask("add?name=a.wav", b"x", Origin="http://evil.example"),
        client.ask("save/a.wav", b"{}", Origin="null"), client.ask("save/a.wav", b"{}", Origin=""),
    ]  # fmt: skip
    assert {(status, text) for status, text, _ in refused} == {(404, "not here")}
    port = client.host.split(":")[1]
    assert client.ask("", Host=f"localhost:{port}")[0] == 200


def test_no_response_may_be_read_framed_or_cached_by_others(client: Client) -> None:
    for path, body in (("", None), ("recording/a.wav", None), ("recording/none.wav", None), ("add?name=x", b"x")):
        headers = client.ask(path, body)[2]
        assert not any(name.startswith("access-control") for name in headers)
        assert headers["x-frame-options"] == "DENY"
        assert headers["referrer-policy"] == "no-referrer"
        assert headers["cache-control"] == "no-store"
        assert headers["x-content-type-options"] == "nosniff"


def test_the_folder_page_lists_escaped_names_and_which_recordings_have_a_list(client: Client, folder: Path) -> None:
    assert client.save("a.wav", [])[0] == 200
    _, page, _ = client.ask("")
    rows = re.findall(r'<tr data-item data-name="(.*?)".*?data-list="(.*?)"', page)
    assert rows == [("a.wav", "a.tsv"), ("night/50 % &lt;b&gt;.wav", "")]
    assert "1 of 2 recordings have one" in page
    (address,) = re.findall(r'<a href="([^"]*night[^"]*)">', page)
    assert client.ask(address, home="")[0] == 200


def test_a_recording_whose_name_is_not_utf_8_is_left_out_and_counted(client: Client, folder: Path) -> None:
    assert "left out" not in client.ask("")[1]
    (folder / "\udce9.wav").write_bytes((folder / "a.wav").read_bytes())
    status, page, _ = client.ask("")
    assert status == 200
    assert re.findall(r'data-name="(.*?)"', page) == ["a.wav", "night/50 % &lt;b&gt;.wav"]
    assert "1 recording left out" in page


def test_a_saved_list_lies_beside_the_recording_and_is_shown_on_its_page(client: Client, folder: Path) -> None:
    name = "night/50 % <b>.wav"
    status, answer = client.save(name, [{"onset": 1.0, "offset": 2.0, "label": "Owl"}])
    assert status == 200
    assert read_event_list(folder / "night" / "50 % <b>.tsv") == {"50 % <b>": [Event(1.0, 2.0, "Owl")]}
    page = client.ask(f"recording/{quote(name)}")[1]
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', page)[1])
    assert data["server"]["events"] == [[1.0, 2.0, "Owl"]]
    assert data["server"]["state"] == json.loads(answer)["state"]
    assert client.save(name, [], "another state")[0] == 409


@pytest.mark.parametrize(
    "name",
    ["../outside.wav", "..%2Foutside.wav", "/etc/passwd", "night/../a.wav", "a.tsv", "", "none.wav", "a.wav\x00"],
)
def test_nothing_outside_the_folder_is_read_or_written(client: Client, tmp_path: Path, name: str) -> None:
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert client.ask(f"recording/{quote(name, safe='%/')}")[0] in (404, 405)
    assert client.ask(f"save/{quote(name, safe='%/')}", b'{"events": [], "state": ""}')[0] in (404, 405)
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    "body", [b"", b"half", b"[]", b"{}", b'{"events": []}', b"[" * 100_000, b'{"events": 3, "state": ""}']
)
def test_an_invalid_list_is_refused_and_nothing_is_written(client: Client, folder: Path, body: bytes) -> None:
    assert client.ask("save/a.wav", body)[0] in (400, 409)
    assert not (folder / "a.tsv").exists()


def test_an_uploaded_file_is_stored_in_the_folder_under_a_safe_name(client: Client, folder: Path) -> None:
    content = (folder / "a.wav").read_bytes()
    status, answer, _ = client.ask(f"add?name={quote('../../a.wav')}", content)
    assert (status, (folder / "a-2.wav").read_bytes()) == (200, content)
    assert client.ask(json.loads(answer)["page"], home="")[0] == 200
    assert client.ask("add?name=x.sh", b"rm")[0] == 409
    assert client.ask("add?name=empty.wav", b"")[0] == 400
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["50 % <b>.wav", "a-2.wav", "a.wav"]


def test_files_of_one_name_uploaded_at_the_same_time_do_not_overwrite_each_other(client: Client, folder: Path) -> None:
    def begin(content: bytes) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection(client.host, timeout=60)
        connection.putrequest("POST", f"{client.home}add?name=rec.wav")
        connection.putheader("Origin", f"http://{client.host}")
        connection.putheader("Content-Length", str(len(content)))
        connection.endheaders(content[:1])
        return connection

    contents = [bytes([k]) * 100_000 for k in (1, 2, 3)]
    connections = [begin(content) for content in contents]
    until = time.monotonic() + 60
    while len([path for path in folder.iterdir() if path.name.startswith(".")]) < 3 and time.monotonic() < until:
        time.sleep(0.01)
    (folder / "rec-3.wav").write_bytes(b"by somebody else")  # the name that the last of them was to get
    statuses = []
    for connection, content in zip(connections, contents, strict=True):
        connection.send(content[1:])
        answer = connection.getresponse()
        statuses.append((answer.status, answer.read().decode()))
        connection.close()
    kept = {path.name: path.read_bytes() for path in folder.glob("rec*.wav")}
    assert kept.pop("rec-3.wav") == b"by somebody else"
    assert sorted(kept) == ["rec-2.wav", "rec.wav"]
    assert sorted(status for status, _ in statuses) == [200, 200, 409]
    assert {*kept.values()} == {
        content for content, (status, _) in zip(contents, statuses, strict=True) if status == 200
    }
    assert any("rec-3.wav exists by now" in text for _, text in statuses)


def test_a_list_without_times_does_not_hide_the_predictions(client: Client, folder: Path) -> None:
    (folder / "a.csv").write_text("a.wav,0,0,Dog\n")
    page = client.ask("recording/a.wav")[1]
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', page)[1])
    assert data["server"]["events"] is None
    told = "0 events of a.csv; 1 event without a length (present, not located) left out. The predictions are shown."
    assert told in page
    (folder / "a.tsv").write_text("filename\tonset\toffset\tevent_label\na.wav\t0\t0\tDog\n")
    page = client.ask("recording/a.wav")[1]
    assert told.replace("csv", "tsv") in page
    data = json.loads(re.search(r'id="page-data">(.*?)</script>', page)[1])
    assert data["server"]["events"] is None
    status, answer = client.save("a.wav", [], data["server"]["state"])
    assert (status, json.loads(answer)["kept"]) == (200, "a.tsv.bak")


def test_oversized_requests_are_refused_and_leave_nothing_behind(
    client: Client, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sedpipe.serving.app.MOST_BYTES_OF_AUDIO", 1000)
    monkeypatch.setattr("sedpipe.serving.app.MOST_BYTES_OF_A_LIST", 1000)
    assert client.ask("add?name=long.wav", bytes(5000))[0] == 413
    assert client.ask("save/a.wav", bytes(5000))[0] == 413
    assert sorted(path.name for path in folder.rglob("*") if path.is_file()) == ["50 % <b>.wav", "a.wav"]


def test_a_recording_unlike_those_of_training_is_reported_on_its_page_as_predict_reports_it(
    client: Client, folder: Path, ear: Ear, tmp_path: Path
) -> None:
    trained = replace(ear.opened.trained, familiar=Familiar(6.0, 400.0))  # louder than anything
    ear.opened = replace(ear.opened, trained=trained)
    status, page, _ = client.ask("recording/a.wav")
    assert status == 200
    write_model(tmp_path / "model" / "checkpoint.pt", trained)
    [predicted] = predict([folder / "a.wav"], str(tmp_path / "model")).files
    assert "quieter than the recordings that the model was trained on" in predicted.reason
    assert predicted.reason in page


def test_an_undecodable_recording_gives_a_one_line_error(client: Client, folder: Path) -> None:
    (folder / "bad.wav").write_text("this is not audio")
    status, text, _ = client.ask("recording/bad.wav")
    assert status == 409
    assert "bad.wav: cannot be decoded as audio" in text


def test_a_folder_gets_the_same_port_again_so_that_browser_drafts_are_found(ear: Ear, tmp_path: Path) -> None:
    def port_of(folder: Path) -> tuple[int, Server]:
        server = Server(Recordings(folder), ear)
        return int(urlsplit(server.address).port or 0), server

    first, server = port_of(tmp_path)
    other, second = port_of(tmp_path)  # while the first server is still there
    assert other != first
    for each in (server, second):
        each._socket.close()
    again, server = port_of(tmp_path)
    server._socket.close()
    assert again == first


def test_a_port_in_use_gives_a_one_line_error(ear: Ear, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(SedpipeError, match="is not available"):
        Server(Recordings(tmp_path), ear, other.getsockname()[1])


def test_ctrl_c_stops_the_server_without_raising(folder: Path, ear: Ear) -> None:
    server, before = Server(Recordings(folder), ear), signal.getsignal(signal.SIGINT)

    def interrupt() -> None:
        assert Client(server.address).ask("")[0] == 200
        os.kill(os.getpid(), signal.SIGINT)

    asking = threading.Thread(target=interrupt, daemon=True)
    asking.start()
    server.run()  # raises nothing
    asking.join(60)
    assert not asking.is_alive()
    assert signal.getsignal(signal.SIGINT) is before


def test_a_folder_whose_name_is_not_utf_8_is_served(tmp_path: Path, ear: Ear) -> None:
    noise(tmp_path / "plain" / "a.wav")
    (tmp_path / "plain").rename(tmp_path / "\udce9t\udce9")
    server = Server(Recordings(tmp_path / "\udce9t\udce9"), ear)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        client = Client(server.address)
        assert client.ask("")[0] == client.ask("recording/a.wav")[0] == 200
        status, answer = client.save("a.wav", [{"onset": 1.0, "offset": 2.0, "label": "Owl"}])
        assert (status, json.loads(answer)["list"]) == (200, f"{tmp_path}/\\udce9t\\udce9/a.tsv")
    finally:
        server.stop()
        thread.join()
    assert read_event_list(tmp_path / "\udce9t\udce9" / "a.tsv") == {"a": [Event(1.0, 2.0, "Owl")]}
