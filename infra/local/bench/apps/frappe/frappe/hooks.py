app_name = "frappe"
app_title = "Framework"
