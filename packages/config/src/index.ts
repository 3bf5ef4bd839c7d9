export { adapterKinds, defaultOptions } from './adapter-kinds.ts';
export type { KindFacts } from './adapter-kinds.ts';
export { cleanApiKey, maskKey } from './api-key.ts';
export type { CachePolicy } from './cache-policy.ts';
export { policyOfTtl } from './cache-section.ts';
export { complexities, modelsOf } from './choice.ts';
export type {
  Classifier,
  Complexity,
  RollbackRules,
  Router,
  RouterRule,
  RuleConditions,
  Split,
  SplitArm,
} from './choice.ts';
export { catalogue } from './catalogue/catalogue.ts';
export type {
  App,
  Bucket,
  Config,
  FallbackRules,
  FileStorage,
  Lane,
  ModelFacts,
  Price,
  PriceTier,
  ProfileName,
  Provider,
  RetryPolicy,
  Route,
  RouteTarget,
  Target,
  Unit,
} from './config.ts';
export { ConfigError } from './config-error.ts';
export { findConfigFile } from './config-source.ts';
export type { ConfigLocation } from './config-source.ts';
export { describeConfig } from './describe-config.ts';
export type { Environment } from './environment.ts';
export { keysOf } from './keys-of.ts';
export { loadConfig } from './load-config.ts';
export { watchConfig } from './watch-config.ts';
export type { ConfigWatcher } from './watch-config.ts';
export { nearestName, suggestName } from './nearest-name.ts';
export { dropNulls, isObject, mapList } from './request/drop-nulls.ts';
export { formatPath, type Path } from './request/field-path.ts';
export { inWireTerms, type Renamed } from './request/in-wire-terms.ts';
export { invalidBody } from './request/invalid-body.ts';
export { parseJson } from './request/parse-json.ts';
export { parseWireBody } from './request/parse-wire-body.ts';
