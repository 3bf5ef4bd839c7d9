import { createServer } from 'node:net';

/** Rejects with what to do when `port` of `host` cannot be listened on. */
export async function checkPort(port: number, host: string, variable: string): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const server = createServer();
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE'
          ? 'is taken by another program'
          : `cannot be used (${error.code})`;
      reject(
        new Error(`port ${port} ${reason}. Choose another one: ${variable}=${port + 10} npm start`),
      );
    });
    server.listen(port, host, () => server.close(() => resolve()));
  });
}
