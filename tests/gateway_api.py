"""What Kubernetes takes for an AIGatewayRoute, and which backends a Gateway then chooses.

The form is transcribed from the definition of Envoy AI Gateway v1.1.0 (Apache-2.0, aigatewayroutes.yaml, v1beta1), as
far as we write it; keys that it does not have are wrong here, where Kubernetes would drop them without a word. What its
controller makes of a route (internal/controller/ai_gateway_route.go) is judged by Gateway API's own validation.
"""

import json
import subprocess
from collections.abc import Iterable, Mapping
from typing import Any, cast

import jsonschema
import yaml
from node_packages import NODE, installed

Route = dict[str, Any]

DNS = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$"


def _object(required: Iterable[str], **properties: object) -> dict[str, object]:
    return {"type": "object", "additionalProperties": False, "required": [*required], "properties": properties}


def _list(items: object, most: int) -> dict[str, object]:
    return {"type": "array", "items": items, "minItems": 1, "maxItems": most}


HEADER = _object(
    ("type", "name", "value"),
    type={"enum": ["Exact", "RegularExpression"]},
    name={"type": "string", "minLength": 1, "maxLength": 256, "pattern": "^[A-Za-z0-9!#$%&'*+\\-.^_\\x60|~]+$"},
    value={"type": "string", "minLength": 1, "maxLength": 4096, "pattern": "^[!-~]+([\\t ]?[!-~]+)*$"},
)
BACKEND = _object(
    ("name",),
    name={"type": "string", "minLength": 1, "maxLength": 253},
    modelNameOverride={"type": "string"},
    weight={"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    priority={"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
)
RULE = _object(
    ("name", "matches", "backendRefs"),
    name={"type": "string", "maxLength": 253, "pattern": DNS, "not": {"const": "route-not-found"}},
    matches=_list(_object(("headers",), headers=_list(HEADER, 16)), 128),
    backendRefs=_list(BACKEND, 128),
)
PARENT = _object(("group", "kind", "name"), group={}, kind={"const": "Gateway"}, name={"pattern": DNS})
ROUTE = _object(
    ("apiVersion", "kind", "metadata", "spec"),
    apiVersion={"const": "aigateway.envoyproxy.io/v1beta1"},
    kind={"const": "AIGatewayRoute"},
    metadata=_object(("name",), name={"pattern": DNS}),
    spec=_object(("parentRefs", "rules"), parentRefs=_list(PARENT, 16), rules=_list(RULE, 15)),
)


def routes_of(text: str) -> list[Route]:
    """The documents of a file, each as Kubernetes would take it; the names of rules are unique by its CEL rules."""
    routes = [cast("Route", each) for each in yaml.safe_load_all(text)]
    for route in routes:
        jsonschema.validate(route, ROUTE)
        names = [rule["name"] for rule in route["spec"]["rules"]]
        assert len(set(names)) == len(names)
        for rule in route["spec"]["rules"]:
            for match in rule["matches"]:
                headers = [header["name"].lower() for header in match["headers"]]
                assert len(set(headers)) == len(headers)
    names = [route["metadata"]["name"] for route in routes]
    assert len(set(names)) == len(names)
    return routes


def http_routes(routes: Iterable[Route]) -> list[Route]:
    """The HTTPRoute that the controller makes of each: the path of all, and a rule for what nothing matches."""
    path = {"type": "PathPrefix", "value": "/"}
    made: list[Route] = []
    for route in routes:
        rules = [
            {
                "name": rule["name"],
                "matches": [{"path": path, "headers": match["headers"]} for match in rule["matches"]],
                "backendRefs": [
                    {"group": "gateway.envoyproxy.io", "kind": "Backend", "name": each["name"]}
                    | ({"weight": each["weight"]} if "weight" in each else {})
                    for each in rule["backendRefs"]
                ],
            }
            for rule in route["spec"]["rules"]
        ]
        rules.append({"name": "route-not-found", "matches": [{"path": path}]})
        assert sum(len(rule["matches"]) for rule in rules) <= 128  # CEL rule of HTTPRouteSpec
        made.append({"parentRefs": route["spec"]["parentRefs"], "rules": rules})
    return made


VALIDATE = """
import {{validate}} from {module};
import {{readFileSync}} from "node:fs";
const found = JSON.parse(readFileSync(0, "utf8")).map(spec => validate(spec) ? [] : validate.errors);
console.log(JSON.stringify(found));
"""


def complaints(specs: list[Route]) -> list[list[dict[str, Any]]]:
    """What Gateway API's types say of each HTTPRouteSpec; its validation as npm has it, made from their Go source."""
    package = installed("@kubernetes-models/gateway-api", "2.0.0")
    module = package / "_schemas" / "IoK8sSigsGatewayApiApisV1HTTPRouteSpec.js"
    program = VALIDATE.format(module=json.dumps(module.as_uri()))
    done = subprocess.run(
        [NODE, "--input-type=module", "--eval", program],
        input=json.dumps(specs),
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    return cast("list[list[dict[str, Any]]]", json.loads(done.stdout))


def backends(routes: Iterable[Route], headers: Mapping[str, str]) -> list[dict[str, Any]] | None:
    """Where a request goes (HTTPRouteRule.matches): the match with the most headers wins, then the first; None: 404."""
    sent = {name.lower(): value for name, value in headers.items()}
    best: tuple[int, list[dict[str, Any]]] | None = None
    for route in routes:
        for rule in route["spec"]["rules"]:
            for match in rule["matches"]:
                wanted = match["headers"]
                holds = all(sent.get(each["name"].lower()) == each["value"] for each in wanted)
                if holds and (best is None or len(wanted) > best[0]):
                    best = (len(wanted), rule["backendRefs"])
    return None if best is None else best[1]
