require_relative "application"

def check(name)
  yield
  puts "ok #{name}"
rescue => e
  puts "not ok #{name}: #{e.message.squish}"
  at_exit { exit 1 }
end

def expect(expected, actual)
  raise "#{actual.inspect} instead of #{expected.inspect}" unless actual == expected
end

def expect_refused
  yield
rescue ActiveRecord::StatementInvalid => e
  raise unless e.cause.is_a?(PG::InsufficientPrivilege) # SQLSTATE 42501
else
  raise "was not refused"
end
