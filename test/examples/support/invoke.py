# Runs a handler as Lambda does, one invocation after the other: an event a line in, a result a line out.
import importlib
import json
import sys
import traceback

directory, name = sys.argv[1:]
sys.path.insert(0, directory)
sys.dont_write_bytecode = True
# What a handler prints goes to the log.
results, sys.stdout = sys.stdout, sys.stderr
handler = importlib.import_module(name).handler

for line in sys.stdin:
    try:
        answer = {"result": handler(json.loads(line), None)}
    except Exception as error:
        answer = {"error": str(error), "trace": traceback.format_exc()}
    print(json.dumps(answer), file=results, flush=True)
