gem "activerecord", "~> 6.1.7"
require "active_record"

ActiveRecord::Base.establish_connection(ENV.fetch("MIGRATION_URL"))
ActiveRecord::Tasks::DatabaseTasks.migrate
