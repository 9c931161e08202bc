# The application: its connection, its models and its around filter.
gem "activerecord", "~> 6.1.7"
require "active_record"

ActiveRecord::Base.legacy_connection_handling = false # the default of Rails 6.1
# With a pool of one, every transaction is given the connection that the last one used.
ActiveRecord::Base.establish_connection(
  url: ENV.fetch("DATABASE_URL"), pool: 1, prepared_statements: ENV["ORM_POOLED"] != "1"
)
ActiveRecord::Base.logger = Logger.new(ENV.fetch("LOG_QUERIES"))

class User < ActiveRecord::Base
end

class Folder < ActiveRecord::Base
  has_many :documents
end

class Document < ActiveRecord::Base
  belongs_to :folder
  belongs_to :owner, class_name: "User", optional: true

  scope :oldest_first, -> { order(:created_at) }
  scope :newest_first, -> { order(created_at: :desc) }
end

# In Rails, the body of an around_action of ApplicationController, with current_user.id.
# `update`, unlike `exec_query`, empties the query cache, which may hold what another user saw.
def as_user(user_id)
  ActiveRecord::Base.transaction do
    ActiveRecord::Base.connection.update("SELECT rowgrant.set_user($1)", "Set user", [user_id])
    yield
  end
end
