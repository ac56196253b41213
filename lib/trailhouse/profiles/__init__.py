"""What is known of a person, or an account, as of a day: nothing later enters it."""
