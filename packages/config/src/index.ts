export type { Bucket, Config, Lane, Price, Provider, RetryPolicy, Route, Target } from './config.ts';
