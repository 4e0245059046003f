# A callback server for SmartCall in Python, with nothing but the standard library: the same conversation about a parcel as smartcall-server.ts. Run it with
# `python3 scripts/smartcall_server.py 9000`, then have calls led by it: `waihu callback-server set acc_… http://127.0.0.1:9000/`.
import json
import re
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit


def say(text, action="play", **more):
    """What is to be said; a $variable$ of action_code stands for its text in action_code_param, which is JSON as text."""
    return {"action": action, "action_code": "$text$", "action_code_param": json.dumps({"text": text}, ensure_ascii=False), **more}


def answer(content_type, content):
    """What is done about one event. dynamic_id comes back with the next one: here it counts how often nobody said anything."""
    words, digits = content.get("words", ""), content.get("dtmf_digits", "")
    if content_type == "mute":
        if content.get("dynamic_id", "0") == "0":
            return say("您好，您还在吗？", mute_time=5000, dynamic_id="1")
        return say("那我们稍后再联系您，再见。", "hangup")
    if content_type == "dtmf":
        if digits == "noInputTimeout":
            return say("没有收到按键，再见。", "hangup")
        return say(f"好的，取件码是{' '.join(digits)}，再见。", "hangup")
    # Whatever was being said goes on while the whole sentence is awaited.
    if content_type != "normal":
        return {"action": "continue"}
    if re.search("不用|不要|打错", words):
        return say("好的，打扰了，再见。", "hangup")
    if re.search("取件码|密码", words):
        return say("请按四位取件码，按井号键结束。", "dtmf", dtmf_max_numbers=4, dtmf_end_character="#")
    return say(f"您说的是{words}。包裹今天下午送到，您方便吗？", dynamic_id="0")


class Callback(BaseHTTPRequestHandler):
    # Connections are kept: a turn does not wait for a new one.
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("content-length") or 0)).decode("utf-8")
        # Turns are forms or queries; receipts are JSON, several in one array.
        if (self.headers.get("content-type") or "").startswith("application/json"):
            for record in json.loads(body):
                print(record.get("call_id"), json.dumps(record, ensure_ascii=False), flush=True)
            return self.reply(200, {"code": 0, "msg": "接收成功"})
        fields = dict(parse_qsl(body or urlsplit(self.path).query))
        try:
            data = answer(fields.get("content_type", ""), json.loads(fields.get("content", "{}")))
        except ValueError:
            return self.reply(400, {"result": "fail", "msg": "content is no JSON", "data": {}})
        print(fields.get("call_id"), fields.get("content_type"), fields.get("content"), "→", data["action"], data.get("action_code_param", ""), flush=True)
        self.reply(200, {"result": "success", "msg": "成功", "code": 200, "data": {"call_id": fields.get("call_id"), **data}})

    def reply(self, status, value):
        text = json.dumps(value, ensure_ascii=False).encode("utf-8")
        self.send_response(status)
        self.send_header("content-type", "application/json; charset=utf-8")
        self.send_header("content-length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_):
        """Every turn is printed above; the line per request would say it again."""


if __name__ == "__main__":
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 9000), Callback)
    print(f"http://127.0.0.1:{server.server_port}/", flush=True)
    server.serve_forever()
