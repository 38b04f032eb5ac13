Console.WriteLine("ebb");
