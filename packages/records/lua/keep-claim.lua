-- Prolongs or gives up a claim, as long as it is the claimant's.
-- KEYS: 1 claim
-- ARGV: 1 claimant, 2 lease from now on (ms); 0 gives it up
-- Replies: 1 it was the claimant's, 0 it is not

if redis.call('HGET', KEYS[1], 'claimant') ~= ARGV[1] then
  return 0
end
if ARGV[2] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('PEXPIRE', KEYS[1], ARGV[2])
end
return 1
