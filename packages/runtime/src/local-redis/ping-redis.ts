import { connect } from 'node:net';

/** `loading`: it runs and reads its data from disk; `down`: nothing answers, or something that is not ours. */
export type RedisAnswer = 'ready' | 'loading' | 'down';

const answerWithinMs = 1_000;

/**
 * Asks the Redis on 127.0.0.1 once. A bare socket and not a client: a client would try again by
 * itself and report each failure, while a server that starts refuses connections for a while.
 */
export async function pingRedis(port: number, password: string): Promise<RedisAnswer> {
  return await new Promise((resolve) => {
    let received = '';
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(`AUTH ${password}\r\nPING\r\n`);
    });
    const finish = (answer: RedisAnswer) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(answerWithinMs, () => finish('down'));
    socket.on('error', () => finish('down'));
    socket.on('close', () => finish('down'));
    socket.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
      if (received.includes('+PONG')) finish('ready');
      else if (received.includes('-LOADING')) finish('loading');
      else if (received.startsWith('-')) finish('down'); // Not our password, so not our Redis.
    });
  });
}
