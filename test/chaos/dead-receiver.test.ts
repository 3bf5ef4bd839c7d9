import { expect, test } from 'vitest';

import { isUndisturbed, measureDeadReceiver } from './dead-receiver.ts';

test('one endpoint of a hundred that never answers does not delay the events of the others', async () => {
  const report = await measureDeadReceiver({ endpoints: 100, jobs: 6, rounds: 1 });
  expect({ report, undisturbed: isUndisturbed(report) }).toMatchObject({ undisturbed: true });
}, 120_000);
