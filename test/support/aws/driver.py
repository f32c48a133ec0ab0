"""Sends requests to AWS, of which a server of moto's stands in: argv[1] is a file with them, in order, each of a resource.

Prints what became of each as JSON: the operation, the resource, and `refused` with the words of botocore's own validation or of
the server, or `unknown` where moto does not know the operation, which botocore alone has judged then.
"""

import importlib
import inspect
import json
import re
import sys

import boto3
import botocore.exceptions
import jmespath
from botocore import xform_name
from botocore.validate import ParamValidator
from moto.core.responses import BaseResponse
from moto.server import ThreadedMotoServer

MARK = re.compile("⟦([^⟧]+)⟧")


def filled(value, known):
    """The value with what answers have brought in the place of marks."""
    if isinstance(value, dict):
        return {key: filled(one, known) for key, one in value.items()}
    if isinstance(value, list):
        return [filled(one, known) for one in value]
    if not isinstance(value, str):
        return value
    return MARK.sub(lambda found: str(known[found.group(1)]), value)


def is_known(client, operation):
    """Whether moto has an answer to it."""
    module = importlib.import_module(f"moto.{client.replace('-', '')}.responses")
    kinds = [kind for _, kind in inspect.getmembers(module, inspect.isclass) if issubclass(kind, BaseResponse)]
    return any(hasattr(kind, xform_name(operation)) for kind in kinds)


def ask(client, request, known):
    """What AWS answers; of what moto does not know, what stands for it."""
    service, operation = request["operation"].split(".")
    given = filled(request["input"], known)
    if is_known(service, operation):
        answer = getattr(client, xform_name(operation))(**given)
        brought = {output: jmespath.search(path, answer) for output, path in request.get("brings", {}).items()}
        for output, found in brought.items():
            if found is None:
                raise ValueError(f"the answer brings no {output}")
        return True, brought
    report = ParamValidator().validate(given, client.meta.service_model.operation_model(operation).input_shape)
    if report.has_errors():
        raise ValueError(report.generate_report())
    return False, {output: f"{request['resource']}-{output}" for output in request.get("brings", {})}


def main():
    with open(sys.argv[1]) as file:
        requests = json.load(file)
    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    clients, known, told = {}, {}, []
    for request in requests:
        client = request["operation"].split(".")[0]
        if client not in clients:
            clients[client] = boto3.client(
                client,
                region_name="eu-central-1",
                endpoint_url=f"http://{host}:{port}",
                aws_access_key_id="AKIAEXAMPLE",
                aws_secret_access_key="an example's",
            )
        outcome = {"operation": request["operation"], "resource": request["resource"]}
        try:
            judged, brought = ask(clients[client], request, known)
            known.update({f"{request['resource']}.{output}": found for output, found in brought.items()})
            if not judged:
                outcome["unknown"] = True
        except KeyError as error:
            outcome["refused"] = f"nothing brings {error}"
        except (botocore.exceptions.BotoCoreError, botocore.exceptions.ClientError, ValueError) as error:
            outcome["refused"] = str(error)
        told.append(outcome)
    server.stop()
    print(json.dumps(told))


main()
