//! Helpers shared by the tests that speak to a real server.
