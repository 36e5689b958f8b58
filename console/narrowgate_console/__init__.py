"""What people see: services, HTTP API, pages."""
