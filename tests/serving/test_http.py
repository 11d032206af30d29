import json

import pytest
from fastapi.testclient import TestClient

from serving.backend import Backend
from serving.http import build_app
from serving.limits import MAX_BODY_BYTES
from serving.schemas import MAX_EXPLAINED, MAX_EXPLAINED_CHARS, MAX_STATEMENTS
from stance.labels import HEADS
from stance.statements import MAX_ARTICLE_CHARS, MAX_TARGET_CHARS

ARTICLE = "“We will keep the truce,” said Ilse Marrow, the council's envoy. 🕊 “It was hard won.”\n\nOto Brandt called it “a mistake.”"


@pytest.fixture(scope="module")
def client(baseline_artifact):
    backend = Backend()
    backend.load(baseline_artifact, version="7")
    return TestClient(build_app(backend), raise_server_exceptions=False)


def post(client, path, value, **headers):
    return client.post(path, content=json.dumps(value), headers={"content-type": "application/json", **headers})


def test_analyze_gives_statements_whose_spans_are_offsets_of_the_article_as_sent(client):
    response = post(client, "/analyze", {"article": ARTICLE, "target": "the truce"})
    assert response.status_code == 200
    body = response.json()
    assert body["target"] == "the truce"
    assert [s["speaker"]["name"] for s in body["statements"]] == ["Ilse Marrow", "Oto Brandt"]
    first = body["statements"][0]
    assert [ARTICLE[a:b] for a, b in first["spans"]] == ["We will keep the truce,", "It was hard won."]
    for head, labels in HEADS.items():
        assert list(first[head]["probabilities"]) == list(labels)
        assert sum(first[head]["probabilities"].values()) == pytest.approx(1, abs=1e-4)
        assert first[head]["label"] == max(first[head]["probabilities"], key=first[head]["probabilities"].get)
    assert body["model"]["version"] == "7"
    assert len(body["model"]["run_id"]) > 0


def test_analyze_counts_every_statement_of_a_speaker_once(client):
    for row in post(client, "/analyze", {"article": ARTICLE}).json()["speakers"]:
        assert sum(row["stances"].values()) + row["abstained"] + row["off_target"] == row["statements"] == 1


def test_an_article_without_quotes_is_an_empty_list_not_an_error(client):
    response = post(client, "/analyze", {"article": "Nobody said a word."})
    assert response.status_code == 200
    assert response.json()["statements"] == []


@pytest.mark.parametrize(
    ("value", "field", "told"),
    [
        ({"article": " \n "}, "article", "empty"),
        ({}, "body.article", "required"),
        ({"article": 5}, "body.article", "string"),
        ({"article": "a\0b"}, "article", "UTF-8"),
        ({"article": "x" * (MAX_ARTICLE_CHARS + 1)}, "body.article", f"{MAX_ARTICLE_CHARS}"),
        ({"article": "x", "target": "  "}, "target", "empty"),
        ({"article": "x", "target": "t" * 10_000}, "body.target", f"{MAX_TARGET_CHARS}"),
        ({"article": "x", "articel": "y"}, "body.articel", "not permitted"),
        ([], "body", "dictionary"),
    ],
)
def test_an_unusable_request_is_told_which_field_and_why(client, value, field, told):
    response = post(client, "/analyze", value)
    error = response.json()["error"]
    assert (response.status_code, error["type"], error["field"]) == (422, "invalid", field)
    assert told.lower() in error["message"].lower()
    assert error["request_id"] == response.headers["x-request-id"]


def test_a_lone_surrogate_is_refused_not_a_crash(client):
    response = client.post("/analyze", content=b'{"article": "a \\ud83d b"}', headers={"content-type": "application/json"})
    assert response.status_code == 422
    assert response.json()["error"]["field"] == "body.article"


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe{}", b'{"article": NaN'])
def test_what_is_no_json_is_malformed(client, body):
    response = client.post("/analyze", content=body, headers={"content-type": "application/json"})
    assert response.status_code in (400, 422)
    assert response.json()["error"]["message"]


def test_another_content_type_is_refused(client):
    response = client.post("/classify", content=b"{}", headers={"content-type": "text/plain"})
    assert (response.status_code, response.json()["error"]["type"]) == (415, "unsupported_media_type")


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_over_the_limit_is_refused_also_when_it_streams(client, chunked):
    size = MAX_BODY_BYTES + 1
    content = (b"x" * 65_536 for _ in range(size // 65_536 + 1)) if chunked else b"x" * size
    response = client.post("/analyze", content=content, headers={"content-type": "application/json"})
    assert (response.status_code, response.json()["error"]["type"]) == (413, "too_large")


def test_a_broken_item_of_classify_never_harms_its_neighbours(client):
    good = {"id": "good", "target": "the truce", "statement": "We will keep it.", "speaker": "Ilse Marrow"}
    items = [good, {"id": "bad"}, 5, {"id": "long", "target": "t", "statement": "x" * 20_000}, {**good, "id": "last"}]
    response = post(client, "/classify", {"statements": items})
    assert response.status_code == 200
    results = response.json()["results"]
    assert [r["id"] for r in results] == ["good", "bad", None, "long", "last"]
    assert ["error" in r for r in results] == [False, True, True, True, False]
    assert "statements[1]" in results[1]["error"]
    assert "target" in results[1]["error"]
    assert results[0]["stance"] == results[4]["stance"] == post(client, "/classify", {"statements": [good]}).json()["results"][0]["stance"]


@pytest.mark.parametrize("name", ["\ud800", 7, ""])
def test_an_item_whose_id_is_no_text_fails_alone(client, name):
    good = {"target": "the truce", "statement": "We will keep it."}
    results = post(client, "/classify", {"statements": [{**good, "id": name}, good]}).json()["results"]
    assert "'id'" in results[0]["error"]
    assert "error" not in results[1]


def test_a_call_more_than_can_wait_is_told_to_come_again(client, monkeypatch):
    monkeypatch.setattr("serving.backend.MAX_WAITING", 0)
    response = post(client, "/analyze", {"article": ARTICLE})
    assert (response.status_code, response.json()["error"]["type"], response.headers["retry-after"]) == (429, "full", "1")


def test_a_failure_of_ours_is_masked_and_named_by_its_request_id(baseline_artifact):
    backend = Backend()
    backend.load(baseline_artifact, version="1")
    backend.predictor = None
    response = post(TestClient(build_app(backend), raise_server_exceptions=False), "/analyze", {"article": ARTICLE})
    assert (response.status_code, response.json()["error"]["type"]) == (500, "internal")
    assert response.json()["error"]["request_id"] == response.headers["x-request-id"]


def test_classify_takes_none_and_refuses_too_many(client):
    assert post(client, "/classify", {"statements": []}).json()["results"] == []
    response = post(client, "/classify", {"statements": [{}] * (MAX_STATEMENTS + 1)})
    assert (response.status_code, response.json()["error"]["field"]) == (422, "body.statements")


def test_an_explanation_comes_only_when_asked_for_and_changes_no_label(client):
    text = "It’s a ‘good’ truce … and\xa0we — all 🕊 — keep it."
    items = [{"id": "1", "target": "the truce", "statement": text}, {"id": "bad"}]
    plain = post(client, "/classify", {"statements": items}).json()["results"]
    results = post(client, "/classify", {"statements": items, "explain": True}).json()["results"]
    assert "explanation" not in plain[0]
    assert {name: value for name, value in results[0].items() if name != "explanation"} == plain[0]
    assert set(results[1]) == {"id", "error"}
    spans = results[0]["explanation"]
    assert [s["text"] for s in spans] == "It’s a good truce and we all 🕊 keep it".split()
    assert [text[s["start"] : s["end"]] for s in spans] == [s["text"] for s in spans]
    assert any(s["weight"] for s in spans)


def test_explaining_costs_no_more_than_the_largest_plain_call(client):
    item = {"target": "the truce", "statement": "We will keep it. " * 100}
    many = {"statements": [item] * (MAX_EXPLAINED + 1), "explain": True}
    error = post(client, "/classify", many).json()["error"]
    assert (error["type"], error["field"]) == ("invalid", "body.statements")
    assert f"at most {MAX_EXPLAINED} items with 'explain', got {MAX_EXPLAINED + 1}" in error["message"]
    long = {"statements": [{**item, "context": "x" * (MAX_EXPLAINED_CHARS // 2)}] * 2, "explain": True}
    error = post(client, "/classify", long).json()["error"]
    assert (error["type"], error["field"]) == ("invalid", "body.statements")
    assert f"at most {MAX_EXPLAINED_CHARS:,} characters" in error["message"]
    results = post(client, "/classify", {"statements": [item] * MAX_EXPLAINED, "explain": True}).json()["results"]
    assert MAX_EXPLAINED * (1 + max(len(r["explanation"]) for r in results)) <= MAX_STATEMENTS
    schemas = client.get("/openapi.json").json()["components"]["schemas"]
    assert f"At most {MAX_EXPLAINED} statements" in schemas["ClassifyRequest"]["properties"]["explain"]["description"]


def test_model_says_what_it_is_and_how_good(client):
    body = client.get("/model").json()
    assert body["kind"] == "baseline"
    assert body["labels"] == {head: list(labels) for head, labels in HEADS.items()}
    assert body["data"]["test"]["statements"] > 0
    assert 0 <= body["metrics"]["stance/macro_f1_low"] <= body["metrics"]["stance/macro_f1"] <= body["metrics"]["stance/macro_f1_high"] <= 1


def test_openapi_examples_work_when_pasted(client):
    spec = client.get("/openapi.json").json()
    for path, schema in (("/analyze", "AnalyzeRequest"), ("/classify", "ClassifyRequest")):
        properties = spec["components"]["schemas"][schema]["properties"]
        example = {name: field["examples"][0] for name, field in properties.items() if "examples" in field}
        assert post(client, path, example).status_code == 200
        assert "error" not in str(post(client, path, example).json())


def test_the_page_and_its_files_come_with_a_policy_that_allows_nothing_foreign(client):
    page = client.get("/", follow_redirects=True)
    assert page.status_code == 200
    assert page.url.path == "/ui/"
    assert "default-src 'self'" in page.headers["content-security-policy"]
    for name in ("page.css", "page.js", "docs.js"):
        text = client.get(f"/ui/{name}").text
        assert text
        assert "http://" not in text.replace("http://www.w3.org", "")
        assert "https://" not in text


def test_an_unknown_file_or_method_gets_the_same_envelope(client):
    assert client.get("/ui/nope.js").json()["error"]["type"] == "not_found"
    assert client.get("/analyze").json()["error"]["type"] == "method_not_allowed"
