-- The leader goes on: its call is under way, or its ticket waits for a known time.
-- KEYS: 1 leader
-- ARGV: 1 job id, 2 lease (ms)
-- Replies: 1 it leads, 0 another does or nobody

if redis.call('GET', KEYS[1]) ~= ARGV[1] then
  return 0
end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
return 1
