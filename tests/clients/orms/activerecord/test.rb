# The names of ../scenario under "With protection".
require_relative "check"

def key(number)
  %(Key "#{number}"/ä)
end

def keys(*numbers)
  numbers.map { |number| key(number) }
end

ALICE, BOB, CAROL, ROOT, STRANGER = keys(1, 2, 3, 4, 99)

def undone(user_id)
  as_user(user_id) do
    yield
    raise ActiveRecord::Rollback
  end
end

def expect_title(title, number)
  as_user(ROOT) { expect title, Document.find(key(number)).title }
end

# transaction: a callable that takes a block
def expect_no_rights(transaction)
  transaction.call do
    expect [], Document.all.to_a
    expect [], Folder.all.to_a
    expect 0, Document.update_all(title: "Changed")
    expect 0, Document.delete_all
  end
  expect_refused { transaction.call { Document.create!(id: "new", title: "New", folder_id: key(1)) } }
end

check "list" do
  as_user(ALICE) { expect keys(*1..12), Document.all.sort_by(&:created_at).map(&:id) }
end

check "page" do
  as_user(ALICE) do
    page = Document.newest_first.limit(5)
    expect keys(12, 11, 10, 9, 8), page.map(&:id)
    expect keys(7, 6, 5, 4, 3), page.offset(5).map(&:id)
    expect keys(7, 6, 5, 4, 3), page.where("created_at < ?", page.last.created_at).map(&:id)
  end
end

check "count" do
  as_user(ALICE) do
    expect 12, Document.count
    expect 4, Document.where("title LIKE ?", "Document 1%").count
  end
end

check "get" do
  as_user(ALICE) do
    expect "Document 7", Document.find(key(7)).title
    expect nil, Document.find_by(id: key(20))
    begin
      Document.find(key(20))
    rescue ActiveRecord::RecordNotFound => e
      expect key(20), e.id
    else
      raise "document 20 was found"
    end
  end
end

check "join" do
  as_user(ALICE) { expect keys(1, 3, 4, 6, 7, 9, 10, 12), Document.oldest_first.joins(:folder).map(&:id) }
end

check "prefetch" do
  as_user(ALICE) do
    found = Folder.includes(:documents).to_h { |folder| [folder.id, folder.documents.sort_by(&:created_at).map(&:id)] }
    expect({key(1) => keys(1, 4, 7, 10), key(3) => keys(3, 6, 9, 12)}, found)
  end
end

check "create" do
  undone(ALICE) do
    document = Document.create!(id: "new", title: "New", body: "Text", folder_id: key(1))
    # ActiveRecord reads the key alone back by RETURNING.
    expect ALICE, document.reload.owner_id
    expect "New", Document.find("new").title
    document.update!(title: "Changed")
    expect "Changed", Document.find("new").title
    document.destroy!
    expect nil, Document.find_by(id: "new")
  end
end

check "update" do
  as_user(ALICE) { Document.find(key(1)).update!(title: "Changed") }
  expect_title "Changed", 1
  as_user(ALICE) { Document.find(key(1)).update!(title: "Document 1") }
end

check "update_hidden" do
  as_user(ALICE) do
    [5, 20].each { |number| expect 0, Document.where(id: key(number)).update_all(title: "Changed") }
  end
  [5, 20].each { |number| expect_title "Document #{number}", number }
end

check "update_all" do
  undone(ALICE) do
    expect 3, Document.update_all(title: "Changed")
    expect keys(1, 2, 3), Document.oldest_first.where(title: "Changed").map(&:id)
  end
end

check "delete" do
  undone(ALICE) do
    Document.find(key(2)).destroy!
    expect keys(1, *3..12), Document.oldest_first.map(&:id)
  end
end

check "delete_hidden" do
  as_user(ALICE) do
    [5, 20].each { |number| expect 0, Document.where(id: key(number)).delete_all }
  end
  as_user(ROOT) { expect keys(5, 20), Document.oldest_first.where(id: keys(5, 20)).map(&:id) }
end

check "bulk_create" do
  undone(ALICE) do
    Document.insert_all!(%w[a b c].map { |id| {id: id, title: "New", folder_id: key(1)} })
    expect [*keys(*1..12), "a", "b", "c"], Document.order(:created_at, :id).map(&:id)
  end
end

check "create_forbidden" do
  expect_refused { as_user(BOB) { Document.create!(id: "new", title: "New", folder_id: key(3)) } }
  as_user(ROOT) { expect nil, Document.find_by(id: "new") }
end

check "give_away" do
  document = {id: "new", title: "New", folder_id: key(1), owner_id: BOB}
  expect_refused { as_user(ALICE) { Document.create!(document) } }
  undone(ALICE) do
    Document.insert_all!([document], returning: false)
    expect nil, Document.find_by(id: "new")
  end
end

check "upsert" do
  undone(ALICE) do
    Document.upsert({id: key(1), title: "Changed"})
    expect "Changed", Document.find(key(1)).title
    expect 12, Document.count
  end
  expect_refused { as_user(ALICE) { Document.upsert({id: key(20), title: "Changed"}) } }
  expect_title "Document 20", 20
end

check "lock" do
  as_user(ALICE) { expect keys(1, 2, 3), Document.oldest_first.lock.map(&:id) }
end

check "owner" do
  undone(BOB) do
    expect keys(*20..25), Document.oldest_first.map(&:id)
    Document.find(key(21)).update!(title: "Changed")
    expect "Changed", Document.find(key(21)).title
    Document.find(key(22)).destroy!
    expect keys(20, 21, 23, 24, 25), Document.oldest_first.map(&:id)
  end
end

check "two_users" do
  as_user(ALICE) { expect 12, Document.count }
  as_user(BOB) { expect 6, Document.count }
  Document.transaction { expect 0, Document.count }
  as_user(ALICE) { expect 12, Document.count }
  # Rails does every request within a query cache.
  ActiveRecord::Base.cache do
    as_user(ALICE) { expect 12, Document.count }
    as_user(BOB) { expect 6, Document.count }
  end
end

check "rollback" do
  undone(ALICE) do
    Document.find(key(1)).update!(title: "Changed")
    expect "Changed", Document.find(key(1)).title
  end
  Document.transaction { expect 0, Document.count }
  expect_title "Document 1", 1
end

check "nobody" do
  expect_no_rights Document.method(:transaction)
end

check "stranger" do
  [STRANGER, CAROL].each { |user_id| expect_no_rights ->(&work) { as_user(user_id, &work) } }
end

check "superuser" do
  as_user(ROOT) { expect keys(*1..30), Document.oldest_first.map(&:id) }
end

check "no_user_left" do
  expect 0, Document.count
  as_user(ALICE) { expect 12, Document.count }
  expect 0, Document.count
end

check "silent" do
  statements = File.readlines(ENV.fetch("LOG_QUERIES"))
  expect true, statements.any?(/FROM "documents"/)
  expect [], statements.grep(/rowgrant/).grep_v(/SELECT rowgrant\.set_user\(\$1\)/)
end
