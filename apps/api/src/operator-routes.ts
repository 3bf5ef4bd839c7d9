import { get, patch, post, remove, type ApiRoute } from './route.ts';
import {
  listLimitsRoute,
  overrideLaneRoute,
  pauseLaneRoute,
  pinLaneRoute,
  resetLaneRoute,
  resumeLaneRoute,
  unpinLaneRoute,
} from './routes/limits.ts';
import {
  listSplitsRoute,
  resetSplitRoute,
  resumeSplitRoute,
  rollBackSplitRoute,
  setSplitRoute,
} from './routes/splits.ts';

/** What operators see and change of lanes and splits while jobs run. */
export const operatorRoutes: readonly ApiRoute[] = [
  get('/v1/limits', 'admin', listLimitsRoute),
  post('/v1/limits/:lane/pause', 'admin', pauseLaneRoute),
  post('/v1/limits/:lane/resume', 'admin', resumeLaneRoute),
  post('/v1/limits/:lane/pin', 'admin', pinLaneRoute),
  post('/v1/limits/:lane/unpin', 'admin', unpinLaneRoute),
  patch('/v1/limits/:lane', 'admin', overrideLaneRoute),
  remove('/v1/limits/:lane', 'admin', resetLaneRoute),
  get('/v1/splits', 'admin', listSplitsRoute),
  patch('/v1/splits/:model', 'admin', setSplitRoute),
  post('/v1/splits/:model/rollback', 'admin', rollBackSplitRoute),
  post('/v1/splits/:model/resume', 'admin', resumeSplitRoute),
  post('/v1/splits/:model/reset', 'admin', resetSplitRoute),
];
