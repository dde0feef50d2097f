"""What the doctor says in English, in the other languages of the page.

By the code of a finding: what is wrong, and under `.remedy` what to do; under `fact.` the names of
things that a finding counts. What is in braces are its facts. English is as it was told.
"""

TOLD = {
    "no-backbone": {
        "zh": "预设 {preset} 目前无法在此训练：{reason}。",
        "tr": "{preset} ayarıyla burada henüz eğitim yapılamıyor: {reason}.",
    },
    "no-backbone.remedy": {
        "zh": "首次训练时请连接互联网，或选择其他方法。",
        "tr": "İlk eğitimde internete bağlanın ya da başka bir yöntem seçin.",
    },
    "unreadable": {
        "zh": "{count} 个文件无法作为图片读取。",
        "tr": "{count} dosya resim olarak okunamıyor.",
    },
    "unreadable.remedy": {
        "zh": "请从来源重新复制，或将其删除。",
        "tr": "Kaynağından yeniden kopyalayın ya da silin.",
    },
    "too-few": {
        "zh": "可读取的图片：{counts}。训练时每类至少需要 {needed} 张。",
        "tr": "Okunabilen resimler: {counts}. Eğitim için her türden en az {needed} gerekir.",
    },
    "too-few.remedy": {
        "zh": "请添加图片：每类几百张效果较好。",
        "tr": "Daha fazlasını ekleyin: her türden birkaç yüz resim iyi sonuç verir.",
    },
    "few": {
        "zh": "图片：{counts}。少于 {enough} 张时，判别器会把它们背下来，结果很早就不再变好。",
        "tr": (
            "Resimler: {counts}. {enough} resimden azında ayırt ediciler resimleri ezberler; "
            "sonuçlar erkenden iyileşmez olur."
        ),
    },
    "few.remedy": {
        "zh": "请添加图片；diffaugment=auto 能更好地利用少量图片（预设 {preset}：{diffaugment}）。",
        "tr": (
            "Resim ekleyin; diffaugment=auto az resimden daha çok yararlanır "
            "({preset} ayarında: {diffaugment})."
        ),
    },
    "both-domains": {
        "zh": (
            "{count} 张相同或几乎相同的图片同时在两类中（逐像素相同的：{exact} 张）。"
            "既属于这类又属于那类的图片会让判别器以为两类相同。"
        ),
        "tr": (
            "Aynı ya da neredeyse aynı {count} resim iki türde de var (pikseli pikseline aynı "
            "olan: {exact}). Her ikisine de ait olan, ayırt edicilere türlerin aynı olduğunu "
            "öğretir."
        ),
    },
    "both-domains.remedy": {
        "zh": "每张只保留在它所属的那一类中。",
        "tr": "Her birini yalnızca ait olduğu türde bırakın.",
    },
    "leak": {
        "zh": (
            "{count} 张相同或几乎相同的图片同时用于训练和测试（逐像素相同的：{exact} 张）。"
            "在训练过的图片上测得的数值会偏好。"
        ),
        "tr": (
            "Aynı ya da neredeyse aynı {count} resim hem eğitimde hem testte (pikseli pikseline "
            "aynı olan: {exact}). Eğitilen resimlerde ölçülen değerler fazla iyi çıkar."
        ),
    },
    "leak.remedy": {
        "zh": "请将其从训练文件夹中删除。",
        "tr": "Eğitim klasöründen silin.",
    },
    "copies": {
        "zh": (
            "重复或几乎重复的图片：{shares}（逐像素相同的：{exact} 对）。出现两次的图片占双倍分量。"
        ),
        "tr": (
            "Aynı ya da neredeyse aynı olan resimler: {shares} (pikseli pikseline aynı olan "
            "çiftler: {exact}). İki kez bulunan iki kez sayılır."
        ),
    },
    "copies.remedy": {
        "zh": "每组只留一张，除非您希望它们更有分量。",
        "tr": "Daha ağır basmaları istenmiyorsa her birinden bir tane bırakın.",
    },
    "borders": {
        "zh": "相对两边有单色边框的图片：{shares}。生成器也会学着画出边框。",
        "tr": (
            "Karşılıklı kenarları tek renk, çerçeveli ya da şeritli resimler: {shares}. "
            "Üreteçler bunları da çizmeyi öğrenir."
        ),
    },
    "borders.remedy": {
        "zh": "请裁掉边框和黑边。",
        "tr": "Çerçeve ve şeritleri kırpın.",
    },
    "small": {
        "zh": (
            "小于网络所见的 {crop_size} 像素（预设 {preset}）的图片：{shares}。放大后会变模糊。"
        ),
        "tr": (
            "{preset} ayarında ağların gördüğü {crop_size} pikselden küçük resimler: {shares}. "
            "Büyütülecek ve bulanık olacaklar."
        ),
    },
    "small.remedy": {
        "zh": (
            "请换更大的版本、将其删除，或用更小的尺寸训练"
            "（load_size_max=N，load_size_min 和 crop_size 不大于它）。"
        ),
        "tr": (
            "Daha büyük hâllerini kullanın, silin ya da daha küçük boyutta eğitin "
            "(load_size_max=N; load_size_min ve crop_size bundan büyük olmasın)."
        ),
    },
    "transparent": {
        "zh": "部分透明的图片：{shares}。训练会看到透明处隐藏的颜色，通常是黑色。",
        "tr": (
            "Kısmen saydam resimler: {shares}. Eğitim orada gizli renkleri görür, çoğunlukla siyah."
        ),
    },
    "transparent.remedy": {
        "zh": "请将其放到您选定的背景上。",
        "tr": "Seçtiğiniz bir arka plana yerleştirin.",
    },
    "grey": {
        "zh": "与其余图片不同、没有颜色的图片：{shares}。转换结果可能失去颜色。",
        "tr": "Diğerlerinin aksine renksiz resimler: {shares}. Çeviriler renklerini yitirebilir.",
    },
    "grey.remedy": {
        "zh": "请将其删除，除非灰度图片也要转换。",
        "tr": "Gri resimler de dönüştürülmeyecekse silin.",
    },
    "blank": {
        "zh": "整张只有一种颜色的图片：{shares}。从中学不到东西。",
        "tr": "Baştan başa tek renk resimler: {shares}. Onlardan öğrenilecek bir şey yok.",
    },
    "blank.remedy": {
        "zh": "请将其删除。",
        "tr": "Silin.",
    },
    "extreme-shape": {
        "zh": "长宽相差三倍以上的图片：{shares}。训练只看方块，因此会错过大部分内容。",
        "tr": (
            "Bir kenarı ötekinin üç katından uzun resimler: {shares}. Eğitim kare parçalar görür, "
            "çoğu kaçırılır."
        ),
    },
    "extreme-shape.remedy": {
        "zh": "请裁成更接近方形、能显示主体的块。",
        "tr": "Konuyu gösteren, kareye daha yakın parçalara kesin.",
    },
    "ignored": {
        "zh": "按名称判断，有 {count} 个文件不会使用：{suffixes}。",
        "tr": "Adına bakılırsa {count} dosya kullanılmıyor: {suffixes}.",
    },
    "ignored.remedy": {
        "zh": "如果是图片，请存为 JPEG 或 PNG。",
        "tr": "Resimse JPEG ya da PNG olarak kaydedin.",
    },
    "indistinct": {
        "zh": (
            "颜色、布局和细节几乎分不出两类（判断正确率 {distinctness:.0%}，乱猜为 50%）。"
            "没什么可转换时，生成器会学成什么都不改。"
        ),
        "tr": (
            "Renkler, yerleşim ve ayrıntı iki türü pek ayırt etmiyor (doğru tahmin oranı "
            "{distinctness:.0%}; rastgelesi 50%). Çevrilecek şey azsa üreteçler hiçbir şeyi "
            "değiştirmemeyi öğrenir."
        ),
    },
    "indistinct.remedy": {
        "zh": "请确认文件夹里是该有的图片；选择差异占画面更多的图片。",
        "tr": (
            "Klasörlerde olması gerekenlerin olduğundan emin olun; farkın resmin daha büyük "
            "bölümünü kapladığı resimler seçin."
        ),
    },
    "resolution-differs": {
        "zh": (
            "“{smaller}”的图片较小（一半的短边不超过 {median:.0f} 像素），会被放大而变模糊，"
            "“{larger}”的不会；仅凭模糊程度，判别器就能分辨两类。"
        ),
        "tr": (
            "“{smaller}” resimleri daha küçük (yarısının kısa kenarı en çok {median:.0f} piksel); "
            "büyütülüp bulanıklaşacaklar, “{larger}” resimleri ise hayır. Ayırt ediciler türleri "
            "yalnızca bulanıklıktan tanır."
        ),
    },
    "resolution-differs.remedy": {
        "zh": "请把两类缩放到同样大小，不超过较小的那一类。",
        "tr": "İki türü de aynı boyuta, küçük olanı aşmadan ölçekleyin.",
    },
    "jpeg-quality-differs": {
        "zh": (
            "“{worse}”的图片比“{better}”的压缩得更厉害（JPEG 质量约 {low:.0f}，后者 {high:.0f}，"
            "100 相当于无损）；仅凭方块痕迹，判别器就能分辨两类，生成器也会学着画出它们。"
        ),
        "tr": (
            "“{worse}” resimleri “{better}” resimlerinden daha çok sıkıştırılmış (JPEG kalitesi "
            "yaklaşık {low:.0f}, ötekinde {high:.0f}; 100 kayıpsız gibidir). Ayırt ediciler "
            "türleri yalnızca blok izlerinden tanır, üreteçler de bunları çizmeyi öğrenir."
        ),
    },
    "jpeg-quality-differs.remedy": {
        "zh": "请在“{worse}”中使用更好的版本，或把两类都缩小一半。",
        "tr": "“{worse}” için daha iyi kopyalar kullanın ya da iki türü de yarıya küçültün.",
    },
    "imbalance": {
        "zh": (
            "图片数：{counts}。训练时两类看得一样多，因此“{small}”的图片出现次数是另一类的 "
            "{ratio:.0f} 倍，会先被背下来。"
        ),
        "tr": (
            "Resimler: {counts}. Eğitim ikisinden de aynı sayıda gösterir; “{small}” resimleri "
            "{ratio:.0f} kat sık gelir ve önce onlar ezberlenir."
        ),
    },
    "imbalance.remedy": {
        "zh": "请为“{small}”添加图片。",
        "tr": "“{small}” için resim ekleyin.",
    },
    "grey-domain": {
        "zh": (
            "“{grey}”是灰度的，另一类是彩色的：一个方向凭空造颜色，返回时把真实颜色藏进细小图案。"
        ),
        "tr": (
            "“{grey}” gri, öteki tür renkli: bir yön renk uydurur, dönüş yolu da gerçek renkleri "
            "ince desenlerde saklar."
        ),
    },
    "grey-domain.remedy": {
        "zh": "如果这正是您要的转换，就保持不变。",
        "tr": "İstediğiniz çeviri buysa böyle kalsın.",
    },
    "shape-differs": {
        "zh": (
            "trainA 的图片宽是高的 {aspect_a:.2f} 倍，trainB 的是 {aspect_b:.2f} 倍；"
            "方块只能看到较长图片的一小部分，因此主体大小会不一致。"
        ),
        "tr": (
            "Genişliğin yüksekliğe oranı: trainA {aspect_a:.2f}, trainB {aspect_b:.2f}. Kare "
            "parçalar uzun olanların daha azını gösterir, konular farklı boyutlarda çıkar."
        ),
    },
    "shape-differs.remedy": {
        "zh": "如果主体大小应当一致，请把两类裁成同样的形状。",
        "tr": "Konular aynı boyutta olacaksa iki türü de aynı biçime kırpın.",
    },
    "colour-gap": {
        "zh": (
            "两类的整体颜色不同（满值 255，trainA / trainB）：{gaps}。"
            "转换会处处改变颜色，背景也不例外。"
        ),
        "tr": (
            "Türler bütün olarak renkte ayrılıyor (255 üzerinden, trainA / trainB): {gaps}. "
            "Çeviriler renkleri her yerde, arka planda da kaydırır."
        ),
    },
    "colour-gap.remedy": {
        "zh": (
            "如果这属于转换的一部分，就保持不变；否则请选择这方面相近的图片，"
            "或用更高的 lambda_identity 更严格地保持颜色（预设 {preset}：{lambda_identity:g}）。"
        ),
        "tr": (
            "Bu, çevirinin bir parçasıysa böyle kalsın; değilse bu bakımdan benzer resimler seçin "
            "ya da daha yüksek bir lambda_identity ile renkleri daha sıkı koruyun "
            "({preset} ayarında: {lambda_identity:g})."
        ),
    },
    "fact.brightness": {"zh": "亮度", "tr": "parlaklık"},
    "fact.contrast": {"zh": "对比度", "tr": "karşıtlık"},
    "fact.saturation": {"zh": "饱和度", "tr": "doygunluk"},
    "fact.warmth (red less blue)": {"zh": "冷暖（红减蓝）", "tr": "sıcaklık (kırmızı eksi mavi)"},
    "fact.without suffix": {"zh": "无扩展名", "tr": "uzantısız"},
}
