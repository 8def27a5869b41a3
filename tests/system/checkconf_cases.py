"""Configurations that nsd-checkconf and nsd-verify-checkconf both read.

GOOD: name -> (files, questions). files: the first one is checked, the others
are included by it; the directory is the current one. A question is an option
of the server, (zone, option), or ('pattern', pattern, option); both programs
must give the same answer.
BAD: name -> text that both refuse."""

KEY = 'key:\n\tname: "k"\n\tsecret: "K2tf3TRjvQkVCmJF3/Z9vA=="\n'

GOOD = {
    'empty': ('', []),
    'comment only': ('# nothing\n#\n', []),
    'tabs': ('server:\n\tport:\t5300\n\tverbosity: 2\n',
             ['port', 'verbosity']),
    'no layout': ('server: port: 5300 verbosity: 2 zone: name: a zonefile: b',
                  ['port', 'verbosity', ('a', 'zonefile')]),
    'value on the next line': ('server:\nport:\n\n  5300\n', ['port']),
    'crlf': ('server:\r\n\tport: 5300\r\n', ['port']),
    'cr only': ('server:\r\tport: 5300\r', ['port']),
    'quotes': ('server:\n  identity: "my # name"\n  zonesdir: ""\n'
               '  version: \'x\'\n',
               ['identity', 'zonesdir', 'version']),
    'hash inside a word': ('server: identity: a#b # rest\n', ['identity']),
    'hash after quotes': ('server: identity: "a"#b\n', ['identity']),
    'backslash stays': ('server: identity: "a\\.b\\"c" version: d\\032e\n',
                        ['identity', 'version']),
    'line break in quotes': ('server: identity: "two\nlines"\n', ['identity']),
    'keyword in quotes': ('server: identity: "port:" port: 53\n',
                          ['identity', 'port']),
    'latin-1 in a comment': ('# caf\udce9\nserver: port: 54\n', ['port']),
    'addresses': ('server:\n ip-address: 127.0.0.1\n ip-address: ::1@5300\n'
                  ' ip-address: ::\n interface: 10.0.0.1\n', ['ip-address']),
    'socket options': ('server:\n ip-address: 127.0.0.1 servers="1 2-3"\n'
                       ' ip-address: eth0@53 bindtodevice=yes setfib=4\n'
                       ' server-count: 4\n', ['server-count']),
    'scope': ('server: ip-address: fe80::1%eth0\n', ['ip-address']),
    'affinity': ('server: cpu-affinity: 0 1\n server-1-cpu-affinity: 0\n'
                 ' xfrd-cpu-affinity: 1\n server-count: 1\n',
                 ['server-count']),
    'server repeated': ('server: port: 54\nserver: verbosity: 3\n'
                        'server: port: 55\n', ['port', 'verbosity']),
    'booleans and numbers': (
        'server:\n ip-transparent: yes\n ip-freebind: yes\n reuseport: yes\n'
        ' do-ip6: no\n debug-mode: no\n hide-version: yes\n'
        ' hide-identity: yes\n tcp-count: 7\n tcp-query-count: 8\n'
        ' tcp-timeout: 9\n tcp-mss: 10\n outgoing-tcp-mss: 11\n'
        ' ipv4-edns-size: 1000\n ipv6-edns-size: 1001\n statistics: 5\n'
        ' xfrd-reload-timeout: 6\n zonefiles-check: no\n zonefiles-write: 4\n'
        ' log-time-ascii: no\n round-robin: yes\n minimal-responses: yes\n'
        ' confine-to-zone: yes\n refuse-any: yes\n drop-updates: yes\n'
        ' tcp-reject-overflow: yes\n log-only-syslog: yes\n'
        ' rrl-size: 1000\n rrl-ratelimit: 100\n rrl-slip: 3\n'
        ' rrl-ipv4-prefix-length: 20\n rrl-ipv6-prefix-length: 60\n'
        ' rrl-whitelist-ratelimit: 300\n xfrd-tcp-max: 5\n'
        ' xfrd-tcp-pipeline: 6\n send-buffer-size: 77\n'
        ' receive-buffer-size: 78\n',
        ['ip-transparent', 'reuseport', 'do-ip6', 'do-ip4', 'debug-mode',
         'hide-version', 'hide-identity', 'tcp-count', 'tcp-query-count',
         'tcp-timeout', 'tcp-mss', 'outgoing-tcp-mss', 'ipv4-edns-size',
         'ipv6-edns-size', 'statistics', 'xfrd-reload-timeout',
         'zonefiles-check', 'zonefiles-write', 'log-time-ascii',
         'round-robin', 'minimal-responses', 'refuse-any', 'rrl-size',
         'rrl-ratelimit', 'rrl-slip', 'rrl-ipv4-prefix-length',
         'rrl-ipv6-prefix-length', 'rrl-whitelist-ratelimit']),
    'paths': ('server:\n username: root\n zonesdir: "/var/x"\n'
              ' zonelistfile: "/var/x/zone.list"\n pidfile: ""\n'
              ' xfrdfile: /var/x/xfrd.state\n xfrdir: /var/x\n'
              ' logfile: "/var/log/x y.log"\n nsid: ascii_hello\n'
              ' database: ""\n difffile: "x"\n',
              ['username', 'zonesdir', 'zonelistfile', 'pidfile', 'xfrdfile',
               'xfrdir', 'logfile']),
    'chroot': ('server:\n chroot: /c\n zonesdir: /c/z\n pidfile: /c/p\n'
               ' xfrdfile: /c/x\n zonelistfile: /c/l\n logfile: /c/log\n'
               ' xfrdir: /c/t\n database: /c/d\n'
               'zone: name: a zonefile: a.zone', []),
    'old spellings': ('server: ip4-only: yes use-systemd: yes\n'
                      'zone: name: a zonefile: x multi-master-check: yes\n',
                      ['do-ip6', ('a', 'multi-master-check')]),
    'keywords in capitals': ('SERVER: Port: 54\nzone: NAME: a zonefile: x\n'
                             ' request-xfr: axfr 1.2.3.4 NOKEY\n',
                             ['port', ('a', 'zonefile')]),
    'control': ('remote-control:\n control-enable: yes\n'
                ' control-interface: /run/x.sock\n control-port: 8953\n'
                ' server-key-file: "/k"\n server-cert-file: /c\n'
                ' control-key-file: /ck\n control-cert-file: /cc\n',
                ['control-enable', 'control-interface', 'control-port',
                 'server-key-file', 'server-cert-file', 'control-key-file',
                 'control-cert-file']),
    'keys': (KEY + 'key: name: k.example. algorithm: hmac-md5 secret: AAAA\n'
             'key: name: K2 algorithm: sha512 secret: "AAAA"\n', []),
    'neighbours': (
        KEY + 'zone:\n name: example.com\n zonefile: x\n'
        ' request-xfr: 10.0.0.1 NOKEY\n request-xfr: 10.0.0.2@5353 k\n'
        ' request-xfr: ::3 k\n allow-notify: 10.0.0.0/8 NOKEY\n'
        ' allow-notify: 10.0.0.1-10.0.0.9 BLOCKED\n'
        ' allow-notify: ::1&ffff:: k\n notify: 10.0.0.4 NOKEY\n'
        ' notify: 10.0.0.5@54 k\n provide-xfr: 0.0.0.0/0 NOKEY\n'
        ' provide-xfr: ::0/0 BLOCKED\n outgoing-interface: 10.0.0.9\n'
        ' allow-query: 1.2.3.4 NOKEY\n',
        [('example.com', o) for o in (
            'request-xfr', 'allow-notify', 'notify', 'provide-xfr',
            'outgoing-interface', 'allow-query', 'zonefile')]),
    'transports': ('zone: name: a request-xfr: AXFR 1.2.3.4 NOKEY\n'
                   ' request-xfr: UDP 1.2.3.4@55 NOKEY\n',
                   [('a', 'request-xfr')]),
    'key after use': ('zone: name: a request-xfr: 1.2.3.4 k\n' + KEY,
                      [('a', 'request-xfr')]),
    'zone options': (
        'zone:\n name: example.com.\n zonefile: %s.zone\n'
        ' notify-retry: 3\n allow-axfr-fallback: no\n'
        ' max-refresh-time: 11\n min-refresh-time: 12\n max-retry-time: 13\n'
        ' min-retry-time: 14\n min-expire-time: 15\n size-limit-xfr: 16\n'
        ' multi-master-check: yes\n store-ixfr: yes\n ixfr-number: 17\n'
        ' ixfr-size: 18\n create-ixfr: yes\n zonestats: "%s"\n'
        ' rrl-whitelist: nxdomain\n rrl-whitelist: error\n',
        [('example.com', o) for o in (
            'zonefile', 'allow-axfr-fallback',
            'max-refresh-time', 'min-refresh-time', 'max-retry-time',
            'min-retry-time', 'size-limit-xfr', 'multi-master-check',
            'store-ixfr', 'ixfr-number', 'ixfr-size', 'create-ixfr')]),
    'expire from soa': ('zone: name: a zonefile: b\n'
                        ' min-expire-time: refresh+retry+1\n', []),
    'odd zone names': ('zone: name: . zonefile: r\n'
                       'zone: name: *.example zonefile: w\n'
                       'zone: name: 0/25.2.0.192.in-addr.arpa zonefile: s\n',
                       [('.', 'zonefile'), ('*.example', 'zonefile'),
                        ('0/25.2.0.192.in-addr.arpa', 'zonefile')]),
    'unquoted signs': ('zone: name: a zonefile: @x{y}&|!`\n',
                       [('a', 'zonefile')]),
    'pattern before and after': (
        'pattern: name: p zonefile: p.zone notify-retry: 9\n'
        ' notify: 10.0.0.1 NOKEY\n'
        'zone: name: a include-pattern: p zonefile: own\n'
        ' notify: 10.0.0.2 NOKEY\n'
        'zone: name: b zonefile: own notify: 10.0.0.2 NOKEY\n'
        ' include-pattern: p\n',
        [('a', 'zonefile'), ('a', 'notify'),
         ('b', 'zonefile'), ('b', 'notify'), ('pattern', 'p', 'zonefile'),
         ('pattern', 'p', 'notify')]),
    'patterns nest': (
        'pattern: name: p notify: 10.0.0.1 NOKEY zonefile: p\n'
        'pattern: name: q include-pattern: p notify: 10.0.0.2 NOKEY\n'
        'zone: name: a include-pattern: q notify: 10.0.0.3 NOKEY\n',
        [('a', 'notify'), ('a', 'zonefile'), ('pattern', 'q', 'notify')]),
    'verifiers': (
        'verify:\n enable: yes\n port: 5347\n ip-address: 127.0.0.1@5348\n'
        ' verify-zones: yes\n verifier: "/path with/x" -a "b c"\n'
        ' verifier-count: 2\n verifier-feed-zone: no\n'
        ' verifier-timeout: 30\n'
        'zone: name: a request-xfr: 10.0.0.1 NOKEY verify-zone: yes\n'
        ' verifier: drill -S -k a.ds @::1 -p 5348 a SOA\n'
        ' verifier-timeout: 5 verifier-feed-zone: yes\n', []),
    'range as a source': ('zone: name: a zonefile: x\n'
                          ' outgoing-interface: 10.0.0.1/24\n',
                          [('a', 'outgoing-interface')]),
    'no cookie secret': ('server: cookie-secret: ""\n', []),
    'second name': ('zone: name: a name: b zonefile: x\n',
                    [('b', 'zonefile')]),
    'dnstap': ('dnstap:\n dnstap-enable: no\n dnstap-identity: "x"\n'
               ' dnstap-log-auth-query-messages: no\n', []),
    'tls': ('server:\n tls-service-key: /k\n tls-service-pem: /p\n'
            ' tls-port: 853\n'
            'tls-auth:\n name: t\n auth-domain-name: x.example\n'
            'zone: name: a request-xfr: 10.0.0.1 NOKEY t\n',
            ['tls-service-key', 'tls-port']),
    'include': (['server: port: 54\ninclude: "sub.inc"\n verbosity: 4\n',
                 ('sub.inc', 'identity: "in"\n')],
                ['port', 'identity', 'verbosity']),
    'include in a key': ([
        'key: name: k algorithm: sha256 include: secret.inc\n'
        'zone: name: a notify: 10.0.0.1 k zonefile: z\n',
        ('secret.inc', 'secret: "AAAA"\n')], [('a', 'notify')]),
    'include by pattern': ([
        'include: "zones/*.conf"\n',
        ('zones/b.conf', 'zone: name: b zonefile: bz\n'),
        ('zones/a.conf', 'zone: name: a zonefile: az\n')],
        [('a', 'zonefile'), ('b', 'zonefile')]),
    'include of braces': ([
        'include: {one,two}.inc\n', ('one.inc', 'server: port: 1\n'),
        ('two.inc', 'server: verbosity: 2\n')], ['port', 'verbosity']),
    'include nested': ([
        'include: one.inc\n', ('one.inc', 'include: two.inc\n'),
        ('two.inc', 'server: port: 7\n')], ['port']),
}

BAD = {
    'unknown option': 'server:\n  prot: 53\n',
    'option of another section': 'server:\n  zonefile: 53\n',
    'no space after the colon': 'server:\n  port:53\n',
    'not a number': 'server:\n  port: x\n',
    'not a boolean': 'server:\n  ip-transparent: true\n',
    'two values': 'server:\n  verbosity: 1 2\n',
    'no value': 'server:\n  port:\n',
    'capital values': 'server:\n  ip-transparent: YES\n',
    'a word alone': 'hello\n',
    'option before a section': 'port: 53\n',
    'missing include': 'include: "nowhere.conf"\n',
    'unknown pattern': 'zone: name: a include-pattern: p\n',
    'pattern after use': 'zone: name: a include-pattern: p\n'
                         'pattern: name: p\n',
    'unknown key': 'zone: name: a zonefile: x notify: 1.2.3.4 k\n',
    'zone twice': 'zone: name: a zonefile: x\nzone: name: A. zonefile: x\n',
    'pattern twice': 'pattern: name: a\npattern: name: a\n',
    'key twice': KEY + KEY,
    'zone without name': 'zone: zonefile: x\n',
    'key without secret': 'key: name: k\n',
    'bad secret': 'key: name: k secret: "?"\n',
    'bad algorithm': 'key: name: k algorithm: rot13 secret: AAAA\n',
    'range to ask': 'zone: name: a request-xfr: 1.2.3.0/24 NOKEY\n',
    'blocked to ask': 'zone: name: a request-xfr: 1.2.3.4 BLOCKED\n',
    'server-count 0': 'server: server-count: 0\n',
    'notify from nobody': 'zone: name: a zonefile: x '
                          'allow-notify: 1.2.3.4 NOKEY\n',
    'zone without data': 'zone: name: a\n',
    'chroot and paths': 'server: chroot: /c zonesdir: /z\n',
}
