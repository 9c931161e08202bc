const { sequelize } = require('./database');

// Does the checks, an object of functions, in turn.
module.exports = async (checks) => {
  for (const [name, check] of Object.entries(checks)) {
    try {
      await check();
      console.log(`ok ${name}`);
    } catch (error) {
      console.log(`not ok ${name}: ${error.message.replace(/\s+/g, ' ')}`);
      process.exitCode = 1;
    }
  }
  await sequelize.close();
};
