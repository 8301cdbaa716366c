"""Background jobs as the window knows them: started, followed, stopped, found again."""
