/// The line rules once more, in Python on its json module, as an independent reference: reads lines as hex, answers each with its outcome
/// and its envelope or result as hex.
enum RunnerLineReference {
    static let program = #"""
        import json, re, sys

        TOKEN = re.compile(r'"(?:[^"\\]|\\.)*"|[-+0-9.eE]+|true|false|null|[{}\[\],:]', re.S)
        NAME = re.compile(r'[A-Za-z][A-Za-z0-9_.-]{0,63}')
        BREAKS = {'\x85': '\\u0085', '\u2028': '\\u2028', '\u2029': '\\u2029'}

        def breaks(text):
            return ''.join(BREAKS.get(c, c) for c in text)

        def spaced(text):
            return breaks(''.join({',': ', ', ':': ': '}.get(t, t) for t in TOKEN.findall(text)))

        def refuse(constant):
            raise ValueError(constant)

        def depth(text):
            level = deepest = 0
            for token in TOKEN.findall(text):
                level += (token in '{[') - (token in '}]')
                deepest = max(deepest, level)
            return deepest

        def members(text):
            """The members of an object as (decoded name, name token, value text), from tokens."""
            tokens, found, at = TOKEN.findall(text), [], 1
            while tokens[at] != '}':
                name, at, level, value = tokens[at], at + 2, 0, []
                while level or tokens[at] not in (',', '}'):
                    level += (tokens[at] in '{[') - (tokens[at] in '}]')
                    value.append(tokens[at])
                    at += 1
                found.append((json.loads(name), name, ''.join(value)))
                at += tokens[at] == ','
            return found

        def joined(found):
            return '{' + ','.join(name + ':' + value for _, name, value in found) + '}'

        def percentage(token, previous):
            if token == 'null':
                return previous
            if token[0] not in '-0123456789':
                raise ValueError(token)
            number = float(token)
            if number >= 100 or number <= 0:
                return '100' if number >= 100 else '0'
            return str(int(number)) if number == int(number) else token

        def progress(data, previous):
            found = members(data)
            found = [(k, n, percentage(v, previous) if k == 'percentage' else v) for k, n, v in found]
            if not any(k == 'percentage' for k, _, _ in found):
                found.insert(0, ('percentage', '"percentage"', previous))
            return joined(found)

        def structured(text, value):
            found = members(text)
            level = ([v for k, _, v in found if k == 'level'] or [''])[-1]
            if level[:1] in tuple('-0123456789') and level[:1]:
                if not 10 <= float(level) <= 60:
                    return None
                level = '"' + ['trace', 'debug', 'info', 'warning', 'error', 'fatal'][min(5, int(float(level) / 10 - 1))] + '"'
            elif level[:1] != '"':
                return None
            for key in ('message', 'msg', 'event'):
                strings = [v for k, _, v in found if k == key and v[0] == '"']
                if strings:
                    rest = [m for m in found if m[0] not in (key, 'level')]
                    fields = ',"fields":' + joined(rest) if rest else ''
                    return '{"event":"log","data":{"message":' + strings[-1] + ',"level":' + level + fields + '}}'
            return None

        def event(text):
            value = json.loads(text, parse_constant=refuse)
            if not isinstance(value, dict) or depth(text) > 64:
                raise ValueError('no event')
            name = value.get('event')
            if 'data' not in value and name != 'log':
                log = structured(text, value)
                if log:
                    return 'event', spaced(log)
            if not isinstance(name, str) or not NAME.fullmatch(name):
                raise ValueError('name')
            if name in ('complete', 'gap', 'retry', 'done', 'heartbeat'):
                raise ValueError('reserved')
            found = members(text)
            data = ([v for k, _, v in found if k == 'data'] or [joined([m for m in found if m[0] != 'event'])])[-1]
            if name == 'result':
                if 'data' not in value:
                    raise ValueError('result')
                return 'result', spaced(data)
            payload = json.loads(data)
            if name == 'log':
                if isinstance(payload, str):
                    data = '{"message":' + data + '}'
                elif not isinstance(payload, dict) or 'message' not in payload:
                    raise ValueError('log')
            if name == 'progress':
                if not isinstance(payload, dict):
                    raise ValueError('progress')
                data = progress(data, '7')
            if name == 'error' and not isinstance(payload, dict):
                data = '{"error":' + data + '}'
            return 'event', '{"event": "' + name + '", "data": ' + spaced(data) + '}'

        for line in sys.stdin:
            text = bytes.fromhex(line).decode('utf-8', 'replace')
            try:
                outcome, output = event(text)
            except (ValueError, RecursionError):
                message = breaks(json.dumps(text, ensure_ascii=False))
                outcome, output = 'plain', '{"event": "log", "data": {"message": ' + message + '}}'
            if not text:
                outcome, output = 'empty', ''
            print(outcome, output.encode('utf-8', 'surrogatepass').hex())
        """#
}
