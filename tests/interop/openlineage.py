"""Checks events (a line of JSON each, on stdin) and all of their facets against OpenLineage's own schemas in the folder given."""
import json
import pathlib
import sys

from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

folder = pathlib.Path(sys.argv[1])
schemas = [json.loads(p.read_text()) for p in [folder / 'OpenLineage.json', *sorted((folder / 'facets').glob('*.json'))]]
registry = Registry().with_resources([(s['$id'], Resource.from_contents(s)) for s in schemas])
known = {s['$id'] for s in schemas}
found = {'events': 0, 'facets': {}, 'errors': []}


def check(url, value, where):
    base = url.split('#')[0]
    if base not in known:
        found['errors'].append(f'{where}: no schema {base}')
        return
    validator = Draft202012Validator({'$ref': url}, registry=registry, format_checker=FormatChecker())
    found['errors'] += [f'{where}: {e.json_path} {e.message}'[:300] for e in validator.iter_errors(value)]


for line in sys.stdin:
    event = json.loads(line)
    where = f"{event['eventType']} {event['job']['name']}"
    found['events'] += 1
    check(event['schemaURL'], event, where)
    holders = [event['run'], event['job'], *event['inputs'], *event['outputs']]
    for holder in holders:
        for facets in ('facets', 'inputFacets', 'outputFacets'):
            for name, facet in holder.get(facets, {}).items():
                # the file of a facet's schema says under which name it stands
                check(facet['_schemaURL'].split('#')[0], {name: facet}, f'{where} {name}')
                check(facet['_schemaURL'], facet, f'{where} {name}')
                found['facets'][name] = found['facets'].get(name, 0) + 1
print(json.dumps(found))
