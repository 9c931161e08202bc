// The names of ../scenario under "Without protection".
const { equal } = require('node:assert/strict');
const run = require('./run');
const { Document, Folder } = require('./database');

run({
  plain_list: async () => {
    equal((await Document.findAll()).length, 30);
    equal((await Folder.findAll()).length, 3);
  },

  plain_write: async () => {
    const document = await Document.create({ title: 'New' });
    await document.update({ title: 'Changed' });
    const found = await Document.findByPk(document.id);
    equal(found.title, 'Changed');
    await found.destroy();
    equal(await Document.findByPk(document.id), null);
  },
});
