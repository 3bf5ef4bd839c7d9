import { GenericContainer, getContainerRuntimeClient } from 'testcontainers';

/** A Redis in a container, and how to end it. */
export interface ContainerRedis {
  readonly url: string;
  stop(): Promise<void>;
}

const image = 'redis:7.2.14-alpine';
const startWithinMs = 120_000;

/**
 * Starts Redis in a container that a helper of testcontainers removes even if this process is killed.
 * Undefined where there is no container runtime (known after 3 ms) or the image cannot be had.
 */
export async function startContainerRedis(): Promise<ContainerRedis | undefined> {
  try {
    await getContainerRuntimeClient();
    const container = await new GenericContainer(image)
      .withCommand(['redis-server', '--save', '', '--maxmemory-policy', 'noeviction'])
      .withExposedPorts(6379)
      .withStartupTimeout(startWithinMs)
      .start();
    return {
      url: `redis://${container.getHost()}:${container.getMappedPort(6379)}`,
      stop: async () => void (await container.stop()),
    };
  } catch {
    return undefined;
  }
}
