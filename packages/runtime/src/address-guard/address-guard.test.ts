import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';

import * as fc from 'fast-check';
import { Agent } from 'undici';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';

import { parseAllowList } from './allow-list.ts';
import { checkUrl } from './check-url.ts';
import { createGuardedConnector, type Lookup } from './guarded-connector.ts';
import { isPublicAddress, parseAddress } from './public-address.ts';
import {
  disguisedUrls,
  refusedAnswers,
  refusedHosts,
  refusedNames,
} from './testing/refused-hosts.ts';

const nobody = parseAllowList([]);

/** Neighbours of what is refused, and a few well-known resolvers. */
const publicAddresses = [
  '1.0.0.0 1.1.1.1 8.8.8.8 9.255.255.255 11.0.0.0 100.63.255.255 100.128.0.0 126.255.255.255',
  '128.0.0.0 169.253.255.255 169.255.0.0 172.15.255.255 172.32.0.0 192.0.1.0 192.167.255.255',
  '192.169.0.0 198.17.255.255 198.20.0.0 223.255.255.255 168.63.129.15 ::ffff:8.8.8.8 2003::1',
  '2001:200::1 2001:4860:4860::8888 2606:4700:4700::1111 2a00:1450:4001::1 64:ff9b::8.8.8.8',
].flatMap((line) => line.split(' '));

/** Listens on every address of this machine and must hear nothing. */
const canary = { port: 0, connections: 0 };

beforeAll(async () => {
  const server = createServer((socket) => {
    canary.connections += 1;
    socket.destroy();
  });
  server.listen(0);
  await once(server, 'listening');
  canary.port = (server.address() as AddressInfo).port;
  return () => new Promise((resolve) => server.close(resolve));
});

/** Sends a POST through the connector alone: no checkUrl before it. */
async function postTo(host: string, options: { allow?: string[]; lookup?: Lookup } = {}) {
  const agent = new Agent({
    connect: createGuardedConnector({
      allow: parseAllowList(options.allow ?? []),
      connectTimeoutMs: 2_000,
      lookup: options.lookup,
    }),
  });
  onTestFinished(() => agent.destroy());
  const origin = `http://${host}:${canary.port}`;
  return await agent.request({ origin, path: '/', method: 'POST', body: 'secret' });
}

function answering(...addresses: string[]): Lookup {
  return async () =>
    addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
}

const refusal = expect.objectContaining({ name: 'SluiceError', code: 'blocked_address' });

describe('an address that is not public', () => {
  test('has at least 150 spellings in the table, and 40 disguises by a name or a URL', () => {
    expect(new Set(refusedHosts.map(([host]) => host)).size).toBeGreaterThanOrEqual(150);
    const disguises = [refusedAnswers, refusedNames.flat(), disguisedUrls.flat()].flat();
    expect(disguises.length).toBeGreaterThanOrEqual(40);
  });

  test.for(refusedHosts)('%s (%s) is refused early', ([host]) => {
    for (const url of [`http://${host}/`, `https://${host}:8443/hook?a=b`]) {
      const check = () => checkUrl(url, nobody, 'webhook.url');
      expect(check).toThrow(expect.objectContaining({ code: 'blocked_address' }));
      expect(check).toThrow(/^webhook\.url must be reachable from the internet/);
    }
  });

  test.for(refusedHosts)('%s (%s) is not connected to', async ([host]) => {
    await expect(postTo(host, { lookup: answering('127.0.0.1') })).rejects.toEqual(refusal);
    expect(canary.connections).toBe(0);
  });

  test.for(refusedAnswers)('a name that resolves to "%s" is not connected to', async (answer) => {
    await expect(postTo('hooks.example', { lookup: answering(answer) })).rejects.toEqual(refusal);
    expect(canary.connections).toBe(0);
  });

  test.for(refusedNames)('%s is not connected to where it is %s', async ([name, answer]) => {
    await expect(postTo(name, { lookup: answering(answer) })).rejects.toEqual(refusal);
    expect(canary.connections).toBe(0);
  });

  test.for(disguisedUrls)('%j is refused as %s', ([url, host]) => {
    expect(() => checkUrl(url, nobody, 'url')).toThrow(`${host} is a private or reserved address`);
  });

  test('is refused in any random spelling', () => {
    const octet = fc.nat(255);
    const network = fc.constantFrom([10], [127], [0], [169, 254], [192, 168], [100, 64], [172, 16]);
    const address = fc
      .tuple(network, fc.tuple(octet, octet, octet, octet))
      .map(([start, rest]) => [...start, ...rest].slice(0, 4));
    const spelled = fc
      .tuple(address, fc.constantFrom(...spellings))
      .map(([ip, spell]) => spell(ip));
    fc.assert(
      fc.property(spelled, (host) => {
        expect(() => checkUrl(`http://${host}/`, nobody, 'url')).toThrow('private or reserved');
      }),
      { numRuns: 2_000 },
    );
  });
});

const hex = (value: number) => value.toString(16);
const asNumber = (ip: number[]) => ip.reduce((sum, part) => sum * 256 + part, 0);
const groups = ([a = 0, b = 0, c = 0, d = 0]: number[]) =>
  `${hex(a * 256 + b)}:${hex(c * 256 + d)}`;
const spellings: ((ip: number[]) => string)[] = [
  (ip) => ip.join('.'),
  (ip) => `${ip.join('.')}.`,
  (ip) => String(asNumber(ip)),
  (ip) => `0x${hex(asNumber(ip))}`,
  (ip) => `0${asNumber(ip).toString(8)}`,
  (ip) => ip.map((part) => `0x${hex(part)}`).join('.'),
  (ip) => ip.map((part) => `0${part.toString(8)}`).join('.'),
  (ip) => `${ip[0]}.${asNumber(ip.slice(1))}`,
  (ip) => `${ip[0]}.${ip[1]}.${asNumber(ip.slice(2))}`,
  (ip) => `[::ffff:${ip.join('.')}]`,
  (ip) => `[::ffff:${groups(ip)}]`,
  (ip) => `[::${groups(ip)}]`,
  (ip) => `[64:ff9b::${groups(ip)}]`,
  (ip) => `[2002:${groups(ip)}::1]`,
];

describe('a public address', () => {
  test.for(publicAddresses)('%s is allowed', (text) => {
    expect(isPublicAddress(parseAddress(text)!)).toBe(true);
  });

  test('and a name pass the early check', () => {
    for (const host of ['8.8.8.8', '[2606:4700:4700::1111]', 'hooks.example.com', 'notlocalhost']) {
      expect(checkUrl(`https://${host}/hook`, nobody, 'url').protocol).toBe('https:');
    }
  });
});

describe('a URL', () => {
  test.for([
    ['ftp://example.com/', /http or https URL, not ftp:/],
    ['file:///etc/passwd', /not file:/],
    ['unix:/var/run/docker.sock', /not unix:/],
    ['http+unix://%2Fvar%2Frun%2Fdocker.sock/', /not http\+unix:/],
    ['javascript:alert(1)', /not javascript:/],
    ['data:text/plain,hi', /not data:/],
    ['gopher://example.com/', /not gopher:/],
    ['https://user:password@example.com/', /user name or password/],
    ['https://user@example.com/', /user name or password/],
    ['http://example.com@127.0.0.1/', /user name or password/],
    ['/hook', /absolute/],
    ['', /absolute/],
    ['http://', /absolute/],
    ['http://999.999.999.999/', /absolute/],
    ['http://[::1', /absolute/],
    ['http://[fe80::1%25eth0]/', /absolute/],
    ['http://[::1%lo]/', /absolute/],
    ['http://[::1%251]/', /absolute/],
    ['http://[::ffff:127.0.0.1%25lo]/', /absolute/],
    ['http://[::127.1]/', /absolute/],
    ['http://0x7f.0.0.0.1/', /absolute/],
    ['http://127.0.0.256/', /absolute/],
    ['http://127.0.0.1%00.example.com/', /absolute/],
    ['http://127.0.0.1 .example.com/', /absolute/],

    ['http://127.0.0.1:80@localhost:443/', /user name or password/],
  ] as const)('"%s" is refused', ([url, message]) => {
    const check = () => checkUrl(url, parseAllowList(['127.0.0.1']), 'webhook.url');
    expect(check).toThrow(message);
    expect(check).toThrow(
      expect.objectContaining({ code: 'blocked_address', param: 'webhook.url' }),
    );
  });

  test('says where it stands and what it points to', () => {
    expect(() => checkUrl('http://2130706433:8080/', nobody, 'input.callback')).toThrow(
      'input.callback must be reachable from the internet, and 127.0.0.1 is a private or reserved address; ' +
        'the operator can allow it with allowPrivateHosts',
    );
  });
});

describe('a port', () => {
  const lowPorts = [1, 22, 25, 53, 79, 81, 110, 389, 442, 444, 445, 1023];

  test.for(lowPorts)('%i is refused, of an address and of a name', (port) => {
    for (const host of ['8.8.8.8', 'hooks.example', '[2606:4700:4700::1111]']) {
      expect(() => checkUrl(`https://${host}:${port}/`, nobody, 'url')).toThrow(
        `url must not name port ${port}: below 1024 only 80 and 443 are allowed`,
      );
    }
  });

  test.for([80, 443, 1024, 8443, 65_535])('%i is allowed', (port) => {
    for (const scheme of ['http', 'https']) {
      expect(checkUrl(`${scheme}://hooks.example:${port}/`, nobody, 'url')).toBeInstanceOf(URL);
    }
  });

  test.for([
    ['hooks.example', 'hooks.example'],
    ['10.0.0.0/8', '10.1.2.3'],
    ['8.8.8.8', '8.8.8.8'],
  ] as const)('below 1024 is allowed where %s is listed', ([entry, host]) => {
    const allow = parseAllowList([entry]);
    expect(checkUrl(`http://${host}:81/`, allow, 'url')).toBeInstanceOf(URL);
    expect(() => checkUrl('http://other.example:81/', allow, 'url')).toThrow('port 81');
  });

  test('that may not be reached is refused by the connector too, whatever the name resolves to', () => {
    const lookup = () => {
      throw new Error('no name may be asked for');
    };
    const connect = createGuardedConnector({ allow: nobody, connectTimeoutMs: 100, lookup });
    const results: unknown[] = [];
    for (const hostname of ['hooks.example', '8.8.8.8']) {
      connect({ protocol: 'http:', hostname, port: '25' }, (...result) => {
        results.push(result[0]);
      });
    }
    expect(results).toEqual([refusal, refusal]);
  });
});

describe('a name', () => {
  test('is refused if one of its answers is private, wherever that stands', async () => {
    const mixed = [
      ['8.8.8.8', '127.0.0.1'],
      ['127.0.0.1', '8.8.8.8'],
      ['2606:4700:4700::1111', '8.8.8.8', '::ffff:10.0.0.1'],
    ];
    for (const answers of mixed) {
      const posted = postTo('hooks.example', { lookup: answering(...answers) });
      await expect(posted).rejects.toEqual(refusal);
    }
    expect(canary.connections).toBe(0);
  });

  test('is refused by what it resolves to, asked of the real resolver', async () => {
    await expect(postTo('localhost')).rejects.toEqual(refusal);
    expect(canary.connections).toBe(0);
  });

  test('does not tell what it resolves to', async () => {
    const posted = postTo('db.internal', { lookup: answering('10.1.2.3') });
    await expect(posted).rejects.toThrow(
      'db.internal is, or resolves to, a private or reserved address',
    );
  });

  test('is refused in a scheme that undici would not send anyway', () => {
    const connect = createGuardedConnector({ allow: nobody, connectTimeoutMs: 100 });
    const target = { protocol: 'unix:', hostname: 'hooks.example', port: '' };
    const results: unknown[] = [];
    connect(target, (...result) => {
      results.push(result[0]);
    });
    expect(results).toEqual([refusal]);
  });
});

describe('the allow-list', () => {
  const url = 'http://127.0.0.1:8080/';
  const metadata = 'http://169.254.169.254/';

  test.for([
    ['an IP address', '127.0.0.1', url],
    ['a CIDR', '127.0.0.0/8', url],
    ['an IPv4-mapped address by its IPv4 address', '127.0.0.1', 'http://[::ffff:127.0.0.1]/'],
    ['an IPv6 address', '::1', 'http://[::1]/'],
    ['an IPv6 address in brackets', '[::1]', 'http://[::1]/'],
    ['an IPv6 CIDR', 'fd00::/8', 'http://[fd12::1]/'],
    ['a name', 'localhost', 'http://LOCALHOST.:8080/'],
    ['a name in another case with a dot', 'Hooks.LocalHost.', 'http://hooks.localhost/'],
    ['an international name', 'bücher.localhost', 'http://xn--bcher-kva.localhost/'],
  ] as const)('allows %s (%s)', ([, entry, allowed]) => {
    expect(checkUrl(allowed, parseAllowList([entry]), 'url')).toBeInstanceOf(URL);
    expect(() => checkUrl(metadata, parseAllowList([entry]), 'url')).toThrow('private or reserved');
  });

  test.for([
    ['127.0.0.1', 'http://127.0.0.2/'],
    ['127.0.0.1', 'http://localhost/'],
    ['127.0.0.1', 'http://[64:ff9b::127.0.0.1]/'],
    ['127.0.0.1', 'http://[2002:7f00:1::]/'],
    ['10.0.0.0/9', 'http://10.128.0.0/'],
    ['localhost', 'http://127.0.0.1/'],
    ['localhost', 'http://evil.localhost/'],
    ['fd00::/8', 'http://10.0.0.1/'],
  ] as const)('%s does not allow %s', ([entry, refused]) => {
    expect(() => checkUrl(refused, parseAllowList([entry]), 'url')).toThrow('private or reserved');
  });

  const noEntries =
    '10.0.0.0/33 10.0.0.0/ 10.0.0.0/8/8 10.0.0.0/-1 10/8 10 127.1 010.0.0.0/8 2130706433 fd00::/129 ' +
    '::ffff:10.0.0.0/104 http://localhost localhost:8080 * *.internal user@host %6c';

  test.for(['', ' ', 'a b', ' localhost', ...noEntries.split(' ')])(
    'says that "%s" is no entry',
    (entry) => {
      expect(() => parseAllowList(['localhost', entry])).toThrow(
        `allowPrivateHosts: "${entry}" is neither a host name nor an IP address nor a CIDR`,
      );
    },
  );

  test.for([
    [['127.0.0.1'], '127.0.0.1', undefined],
    [['127.0.0.0/8'], 'hooks.example', '127.0.0.1'],
    [['hooks.example'], 'hooks.example', '127.0.0.1'],
    [['127.0.0.1'], 'hooks.example', '::ffff:127.0.0.1'],
  ] as const)('%o lets a POST to %s through (answer %s)', async ([allow, host, answer]) => {
    const before = canary.connections;
    const posted = postTo(host, {
      allow: [...allow],
      ...(answer && { lookup: answering(answer) }),
    });
    // The canary hangs up, which is how it shows that it was reached.
    await expect(posted).rejects.toMatchObject({ code: 'UND_ERR_SOCKET' });
    expect(canary.connections).toBe(before + 1);
    canary.connections = 0;
  });

  test('of a name does not allow another name with the same answer', async () => {
    const options = { allow: ['hooks.example'], lookup: answering('127.0.0.1') };
    await expect(postTo('evil.example', options)).rejects.toEqual(refusal);
    expect(canary.connections).toBe(0);
  });
});
