import { describe, expect, it } from 'vitest';

import { describeRedisUrl, parseRedisUrl } from './redis-address.ts';

const nobody = { isTls: false, username: undefined, password: undefined };
const sentinelAuth = { username: undefined, password: undefined };

describe('parseRedisUrl', () => {
  it.each([
    ['redis://redis', { kind: 'server', node: { host: 'redis', port: 6379 }, db: 0 }],
    [
      'redis://127.0.0.1:7000/2',
      { kind: 'server', node: { host: '127.0.0.1', port: 7000 }, db: 2 },
    ],
    ['redis://[::1]:7000/', { kind: 'server', node: { host: '::1', port: 7000 }, db: 0 }],
    [
      'rediss://sluice:p%40ss%3Aw@redis:6380',
      {
        kind: 'server',
        node: { host: 'redis', port: 6380 },
        db: 0,
        isTls: true,
        username: 'sluice',
        password: 'p@ss:w',
      },
    ],
    [
      'redis+cluster://:secret@one:7000,two',
      {
        kind: 'cluster',
        nodes: [
          { host: 'one', port: 7000 },
          { host: 'two', port: 6379 },
        ],
        password: 'secret',
      },
    ],
    [
      'rediss+sentinel://sluice@one,[fe80::2]:5000/mymaster/3?sentinel_password=s%2Bx',
      {
        kind: 'sentinel',
        sentinels: [
          { host: 'one', port: 26_379 },
          { host: 'fe80::2', port: 5000 },
        ],
        name: 'mymaster',
        db: 3,
        isTls: true,
        username: 'sluice',
        sentinelAuth: { username: undefined, password: 's+x' },
      },
    ],
    [
      'redis+sentinel://one/jobs',
      {
        kind: 'sentinel',
        sentinels: [{ host: 'one', port: 26_379 }],
        name: 'jobs',
        db: 0,
        sentinelAuth,
      },
    ],
  ])('reads %s', (url, expected) => {
    expect(parseRedisUrl(url)).toEqual({ ...nobody, ...expected });
  });

  it.each([
    'http://redis:6379',
    'redis://',
    'redis://one,two',
    'redis://one:99999',
    'redis://one/x',
    'redis://one?db=1',
    'redis://%zz@one',
    'redis+cluster://one/1',
    'redis+cluster://one,,two',
    'redis+sentinel://one',
    'redis+sentinel://one/name/x',
    'redis+sentinel://one/name?password=1',
  ])('knows no %s', (url) => {
    expect(parseRedisUrl(url)).toBeUndefined();
  });
});

it('describeRedisUrl names the nodes and keeps the password', () => {
  expect(describeRedisUrl('rediss://sluice:secret@redis:6380/1')).toBe('redis:6380');
  expect(describeRedisUrl('redis+cluster://:secret@one:1,two:2')).toBe('one:1,two:2');
});
