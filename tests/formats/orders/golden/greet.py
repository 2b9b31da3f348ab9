def hello():
    print("Good morning")
