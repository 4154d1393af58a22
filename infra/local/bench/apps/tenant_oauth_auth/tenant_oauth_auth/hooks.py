app_name = "tenant_oauth_auth"
app_title = "Tenant OAuth Auth"
