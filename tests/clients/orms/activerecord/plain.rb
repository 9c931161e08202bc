# The names of ../scenario under "Without protection".
require_relative "check"

check "plain_list" do
  expect 30, Document.all.to_a.size
  expect 3, Folder.all.to_a.size
end

check "plain_write" do
  Document.create!(id: "new", title: "New", folder: Folder.first)
  Document.find("new").update!(title: "Changed")
  expect "Changed", Document.find("new").title
  Document.find("new").destroy!
  expect nil, Document.find_by(id: "new")
end
