-- Notes that the epoch is written down everywhere. ARGV: the epoch.
if redis.call('HGET', KEYS[1], 'epoch') ~= ARGV[1] then
  return 0
end
redis.call('HSET', KEYS[1], 'ready', 1)
return 1
