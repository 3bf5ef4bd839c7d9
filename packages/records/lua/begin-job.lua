-- A worker took the ticket: queued, in_progress or paused -> in_progress. Found in_progress, the worker before it died.
-- A ticket of an earlier target (left behind by a crash during a fallback) must not run beside the newer one.
-- KEYS: 1 job, 2 timeline
-- ARGV: 1 now (epoch ms), 2 most events in a timeline, 3 index of the target that the ticket is for, empty for any
-- Replies: {'run', every field and value of the record} | {'ended', state} | {'superseded'} | {'missing'}

local state = redis.call('HGET', KEYS[1], 'state')
if not state then
  return { 'missing' }
end
if state ~= 'queued' and state ~= 'in_progress' and state ~= 'paused' then
  return { 'ended', state }
end
if ARGV[3] ~= '' and ARGV[3] ~= (redis.call('HGET', KEYS[1], 'targetIndex') or '0') then
  return { 'superseded' }
end

-- First, because it cannot grow memory: Redis at maxmemory refuses a script whose first write could.
redis.call('HDEL', KEYS[1], 'waitingOn')
if state == 'in_progress' then
  -- A batch is in progress while its children run: its second ticket is no sign of a death.
  if redis.call('HEXISTS', KEYS[1], 'total') == 1 then
    return { 'run', redis.call('HGETALL', KEYS[1]) }
  end
  redis.call('HINCRBY', KEYS[1], 'interruptions', 1)
  redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'type', 'interrupted', 'at', ARGV[1])
end
redis.call('HSET', KEYS[1], 'state', 'in_progress')
redis.call('HSETNX', KEYS[1], 'startedAt', ARGV[1])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ARGV[2], '*', 'type', 'in_progress', 'at', ARGV[1])
return { 'run', redis.call('HGETALL', KEYS[1]) }
