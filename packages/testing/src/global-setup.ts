import type { TestProject } from 'vitest/node';

/** Runs once before all tests. */
export default function setup(_project: TestProject): void {}
